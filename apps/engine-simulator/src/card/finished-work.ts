import { createHash } from 'node:crypto';
import { z } from 'zod';

export const FINISHED_PATH = '/finished';

/** Enough for hours of a fault campaign; older entries are dropped. */
const ENTRIES_KEPT = 50_000;

export const finishedReport = z.strictObject({
  engine: z.enum(['ollama', 'comfyui']),
  key: z.string().min(1).max(100),
});
export type FinishedReport = z.infer<typeof finishedReport>;

/**
 * Every generation and every render that came to its good end, in order. It is kept by the card because the card
 * outlives the engines: a test that kills them can still see whether anything was done twice.
 */
export class FinishedWork {
  readonly #entries: (FinishedReport & { readonly at: number })[] = [];

  add(report: FinishedReport, now: number): void {
    this.#entries.push({ at: now, ...report });
    if (this.#entries.length > ENTRIES_KEPT) this.#entries.shift();
  }

  list(): readonly (FinishedReport & { readonly at: number })[] {
    return this.#entries;
  }
}

/** Tells a question apart from others without repeating it. */
export function questionKey(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The seeds of a graph, which stay the same when a request is tried again. Empty for a graph without any. */
export function seedKey(prompt: Readonly<Record<string, { readonly inputs: object }>>): string {
  const seeds = Object.values(prompt).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([name, value]) =>
      (name === 'seed' || name === 'noise_seed') && typeof value === 'number' ? [value] : [],
    ),
  );
  return seeds.join(',');
}

/** Nothing waits for it, and an engine that plays without a card tells nobody. */
export function reportFinished(card: unknown, report: FinishedReport): void {
  if (typeof card !== 'string' || report.key === '') return;
  void fetch(new URL(FINISHED_PATH, card), { method: 'POST', body: JSON.stringify(report) }).then(
    (response) => response.arrayBuffer(),
    () => undefined,
  );
}
