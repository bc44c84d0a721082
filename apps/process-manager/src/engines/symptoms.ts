import type { Clock } from '@baton/kernel';
import { z } from 'zod';
import type { Symptom } from '../core/engine-watch.ts';
import type { EngineHttp } from './engine-http.ts';

/** What the watch asks of an engine that answers. Null when nothing is wrong. Looking starts and loads nothing. */
export type SymptomProbe = (url: string, signal: AbortSignal) => Promise<Symptom | null>;

const queueItem = z.tuple([z.number(), z.string()], z.unknown());
const queueReply = z.object({ queue_running: z.array(queueItem), queue_pending: z.array(queueItem) });

/**
 * ComfyUI's zombie: an error outside the executor has killed its only worker, while HTTP answers as ever.
 *   1. prompts wait and none runs: a living worker takes the next one at once, so this is certain;
 *   2. the same prompt runs: its worker is dead, or it simply takes long.
 */
export function comfyuiSymptom(http: EngineHttp): SymptomProbe {
  return async (url, signal) => {
    const queue = await http.getJson(`${url}/queue`, queueReply, signal);
    const [running, pending] = [queue.queue_running, queue.queue_pending].map((items) =>
      items.map(([, id]) => id).sort(),
    );
    if (running === undefined || pending === undefined) return null;
    if (running.length === 0 && pending.length > 0) {
      return { what: `nobody takes the waiting prompts ${pending.join(' ')}`, isCertain: true };
    }
    return running.length === 0
      ? null
      : { what: `the prompt does not end ${running.join(' ')}`, isCertain: false };
  };
}

const psReply = z.object({
  models: z
    .array(z.object({ name: z.string(), expires_at: z.iso.datetime({ offset: true }).optional() }))
    .nullable()
    .transform((models) => models ?? []),
});

/**
 * Ollama's model that is "Stopping…" for ever: its time is over and it stays in the list, and requests to it hang. While
 * a request of a lease runs, that is how it should be.
 */
export function ollamaSymptom(http: EngineHttp, clock: Clock): SymptomProbe {
  return async (url, signal) => {
    const { models } = await http.getJson(`${url}/api/ps`, psReply, signal);
    const overdue = models
      .filter(({ expires_at: at }) => at !== undefined && Date.parse(at) < clock.now())
      .map(({ name }) => name)
      .sort();
    return overdue.length === 0
      ? null
      : { what: `a model does not go ${overdue.join(' ')}`, isCertain: false };
  };
}
