import { pause, type Clock } from '@baton/kernel';
import type { Lane } from '@baton/contracts';
import { z } from 'zod';
import type { EngineHttp } from './engine-http.ts';
import { LOAD_UNKNOWN, type EngineSoftware, type LoadResult } from './engine-software.ts';

const CALL_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
/** An interrupt may be lost between two prompts: it is repeated this often until the prompt has left the queue. */
const INTERRUPT_AGAIN_MS = 100;
/** PyTorch keeps a little for itself after everything was unloaded. */
const EMPTY_MIB = 256;
/** What custom nodes hold is never given back: a figure that stands still this long is as low as it gets. */
const SETTLED_MS = 3_000;

const queueItem = z.tuple([z.number(), z.string()], z.unknown());
const queueReply = z.object({ queue_running: z.array(queueItem), queue_pending: z.array(queueItem) });

const statsReply = z.object({
  devices: z.array(z.object({ type: z.string(), torch_vram_total: z.number() })),
});

const infoReply = z.record(z.string(), z.unknown());

const OUT_OF_MEMORY = /out_?of_?memory/i;

const historyReply = z.record(
  z.string(),
  z.object({
    status: z.object({
      messages: z.array(
        z.tuple([
          z.string(),
          z.looseObject({ timestamp: z.number().default(0), exception_type: z.string().optional() }),
        ]),
      ),
    }),
  }),
);

export interface PromptIds {
  readonly running: readonly string[];
  readonly pending: readonly string[];
}

/** ComfyUI: one worker, one prompt at a time; freeing happens between prompts and says nothing when it is done. */
export class ComfyuiClient implements EngineSoftware {
  readonly engine = 'comfyui';
  readonly hasWorkers = false;
  private readonly http: EngineHttp;
  private readonly clock: Clock;
  /** Addresses of engines that were freed and have not been handed out since. */
  private readonly freed = new Set<string>();

  constructor(http: EngineHttp, clock: Clock) {
    this.http = http;
    this.clock = clock;
  }

  async answers(url: string, signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.http.send('GET', `${url}/system_stats`, undefined, signal)).status === 200;
    } catch {
      return false;
    }
  }

  /** ComfyUI does not tell. */
  loadedModels(): Promise<string[]> {
    return Promise.resolve([]);
  }

  async isHolding(url: string, keep: Lane | null, signal: AbortSignal): Promise<boolean> {
    if (keep?.engine === 'comfyui') return false;
    if (!this.freed.has(url)) return true;
    const { running, pending } = await this.prompts(url, signal);
    return running.length + pending.length > 0;
  }

  async free(url: string, signal: AbortSignal): Promise<readonly []> {
    for (;;) {
      await this.emptyQueue(url, signal);
      // Both flags, as JSON: an empty body frees nothing, and one flag alone leaves the card to the node cache.
      await this.http.post(`${url}/free`, { unload_models: true, free_memory: true }, this.limited(signal));
      await this.untilReleased(url, signal);
      // A prompt that slipped in meanwhile has loaded everything again.
      const { running, pending } = await this.prompts(url, signal);
      if (running.length + pending.length === 0) break;
    }
    this.freed.add(url);
    return [];
  }

  /** Models come with the first prompt; there is nothing to load before. */
  load(url: string): Promise<LoadResult> {
    this.freed.delete(url);
    return Promise.resolve(LOAD_UNKNOWN);
  }

  /** By its history, which holds why a prompt failed and when. Torch's own exception has a name for this. */
  async ranOutOfMemory(url: string, sinceMs: number, signal: AbortSignal): Promise<boolean> {
    const history = await this.http.getJson(
      `${url}/history?max_items=20`,
      historyReply,
      this.limited(signal),
    );
    return Object.values(history)
      .flatMap(({ status }) => status.messages)
      .some(
        ([event, about]) =>
          event === 'execution_error' &&
          about.timestamp >= sinceMs &&
          OUT_OF_MEMORY.test(about.exception_type ?? ''),
      );
  }

  /** What it says about these node classes; one that it does not have is left out. */
  async nodeClasses(
    url: string,
    classes: readonly string[],
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {};
    for (const name of new Set(classes)) {
      const path = `/object_info/${encodeURIComponent(name)}`;
      Object.assign(found, await this.http.getJson(`${url}${path}`, infoReply, this.limited(signal)));
    }
    return found;
  }

  /** Ids of prompts that run or wait. */
  async prompts(url: string, signal: AbortSignal): Promise<PromptIds> {
    const queue = await this.http.getJson(`${url}/queue`, queueReply, this.limited(signal));
    return {
      running: queue.queue_running.map(([, id]) => id),
      pending: queue.queue_pending.map(([, id]) => id),
    };
  }

  /**
   * Ends these prompts and resolves when the engine has let go of all of them. `looks` is how often in a row the queue
   * must be seen without them: more than once where a submission may still be on its way in.
   */
  async endPrompts(url: string, ids: ReadonlySet<string>, looks: number, signal: AbortSignal): Promise<void> {
    await this.clear(url, (id) => ids.has(id), looks, signal);
  }

  private async emptyQueue(url: string, signal: AbortSignal): Promise<void> {
    await this.clear(url, () => true, 1, signal);
  }

  private async clear(
    url: string,
    isMeant: (id: string) => boolean,
    looks: number,
    signal: AbortSignal,
  ): Promise<void> {
    let cleanLooks = 0;
    let askedAt = Number.NEGATIVE_INFINITY;
    for (;;) {
      const queue = await this.prompts(url, signal);
      const running = queue.running.filter(isMeant);
      const pending = queue.pending.filter(isMeant);
      cleanLooks = running.length + pending.length === 0 ? cleanLooks + 1 : 0;
      if (cleanLooks >= looks) return;
      if (pending.length > 0) await this.http.post(`${url}/queue`, { delete: pending }, this.limited(signal));
      if (this.clock.monotonic() - askedAt >= INTERRUPT_AGAIN_MS) {
        askedAt = this.clock.monotonic();
        for (const id of running) {
          await this.http.post(`${url}/interrupt`, { prompt_id: id }, this.limited(signal));
        }
      }
      await pause(this.clock, POLL_MS, signal);
    }
  }

  private async untilReleased(url: string, signal: AbortSignal): Promise<void> {
    let lowest = Number.POSITIVE_INFINITY;
    let since = this.clock.monotonic();
    for (;;) {
      const held = await this.heldMib(url, signal);
      if (held <= EMPTY_MIB) return;
      if (held < lowest) {
        lowest = held;
        since = this.clock.monotonic();
      }
      if (this.clock.monotonic() - since > SETTLED_MS) return;
      await pause(this.clock, POLL_MS, signal);
    }
  }

  /** What PyTorch has reserved on the cards. On a machine without one the figure is of another kind: counts as none. */
  async heldMib(url: string, signal: AbortSignal): Promise<number> {
    const { devices } = await this.http.getJson(`${url}/system_stats`, statsReply, this.limited(signal));
    const held = devices
      .filter(({ type }) => type !== 'cpu')
      .reduce((sum, device) => sum + device.torch_vram_total, 0);
    return Math.round(held / 1_048_576);
  }

  private limited(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  }
}
