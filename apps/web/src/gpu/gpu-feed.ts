import { gpuStatus, type GpuStatus, type QueueView } from '@baton/contracts';
import { createContext, useContext, useSyncExternalStore } from 'react';
import { seenQueue } from './known-reason.ts';

export interface SeenGpu {
  readonly status: GpuStatus;
  /** How far the gateway's clock is ahead of this one, ms. */
  readonly clockAheadMs: number;
  /** The queue as this user may see it; null until it was told. */
  readonly queue: QueueView | null;
}

/** What the gateway last said about the GPU and the queue. */
export class GpuFeed {
  private seen: SeenGpu | null = null;
  private queue: QueueView | null = null;
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): SeenGpu | null => this.seen;

  /** Takes one event of the stream; a kind that this page does not know is passed over. */
  take(event: { readonly event?: string | undefined; readonly data: string }, nowMs: number): void {
    if (event.event === 'status') this.onStatus(gpuStatus.safeParse(JSON.parse(event.data)).data, nowMs);
    if (event.event === 'queue') this.onQueue(seenQueue.safeParse(JSON.parse(event.data)).data);
  }

  private onStatus(status: GpuStatus | undefined, nowMs: number): void {
    if (status === undefined) return;
    this.show({ status, clockAheadMs: status.at_ms - nowMs, queue: this.queue });
  }

  private onQueue(queue: QueueView | undefined): void {
    if (queue === undefined) return;
    this.queue = queue;
    if (this.seen !== null) this.show({ ...this.seen, queue });
  }

  private show(seen: SeenGpu): void {
    this.seen = seen;
    for (const listener of this.listeners) listener();
  }
}

export const GpuFeedContext = createContext<GpuFeed | null>(null);

/** Null until the gateway has said something. */
export function useGpu(): SeenGpu | null {
  const feed = useContext(GpuFeedContext);
  if (feed === null) throw new Error('There is no GPU feed above this component.');
  return useSyncExternalStore(feed.subscribe, feed.snapshot);
}
