import { z } from 'zod';

const cardView = z.object({
  gpuUtil: z.number(),
  usedMib: z.number(),
  overlapCount: z.number(),
  overlaps: z.array(z.looseObject({ engines: z.array(z.string()), ms: z.number() })),
  processes: z.array(
    z.looseObject({ pid: z.number(), engine: z.string(), weightsMib: z.number(), isAlive: z.boolean() }),
  ),
});
export type CardView = z.infer<typeof cardView>;

const comfyuiQueue = z.object({ queue_running: z.array(z.unknown()), queue_pending: z.array(z.unknown()) });

/** A simulated engine, or the card, at its own address: what stands behind the guard. */
export class Simulator {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Changes speeds, sizes and faults, in the shape of `PUT /__control`. */
  async set(change: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`${this.url}/__control`, { method: 'PUT', body: JSON.stringify(change) });
    if (!response.ok)
      throw new Error(`${this.url} refused ${JSON.stringify(change)}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`);
    return response.json();
  }

  /** Of the card. */
  async card(): Promise<CardView> {
    return cardView.parse(await this.get('/card'));
  }

  /** Of ComfyUI: how many prompts it runs or keeps. */
  async prompts(): Promise<number> {
    const queue = comfyuiQueue.parse(await this.get('/queue'));
    return queue.queue_running.length + queue.queue_pending.length;
  }
}
