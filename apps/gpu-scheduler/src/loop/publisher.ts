import type { GpuEvent, GpuStatus, WaitingView } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { isNews } from './views.ts';

/** Changes that come together are told together; and a grant that follows at once makes them old news. */
const GATHER_MS = 25;
/** Estimates are sent again this often while somebody waits. */
const REFRESH_MS = 1_000;
/** One event stays well under a megabyte. */
const VIEWS_PER_EVENT = 200;

export interface PublisherContext {
  readonly clock: Clock;
  views(): WaitingView[];
  status(): GpuStatus;
  publish(events: readonly GpuEvent[], status: GpuStatus | null): Promise<void>;
  failed(error: unknown): void;
}

/** Tells the world where everybody stands: soon after a change, and once a second what only time has changed. */
export class Publisher {
  private readonly context: PublisherContext;
  private told = new Map<string, WaitingView>();
  private toldStatus = '';
  private cancelTimer: (() => void) | null = null;
  private refreshedAtMs = Number.NEGATIVE_INFINITY;
  private isStopped = false;
  private isPublishing = false;
  private changes = 0;

  constructor(context: PublisherContext) {
    this.context = context;
  }

  changed(): void {
    this.changes += 1;
    if (this.isStopped || this.isPublishing || this.cancelTimer !== null) return;
    this.arm(GATHER_MS);
  }

  /** Nothing is published any more. */
  stop(): void {
    this.isStopped = true;
    this.cancelTimer?.();
    this.cancelTimer = null;
  }

  private arm(ms: number): void {
    this.cancelTimer?.();
    this.cancelTimer = this.context.clock.after(ms, () => {
      this.cancelTimer = null;
      void this.tell();
    });
  }

  private async tell(): Promise<void> {
    this.isPublishing = true;
    const told = this.changes;
    try {
      const { events, status } = this.news();
      if (events.length > 0) await this.context.publish(events, status);
    } catch (error) {
      this.context.failed(error);
      return;
    } finally {
      this.isPublishing = false;
    }
    if (this.isStopped) return;
    if (this.changes !== told) this.arm(GATHER_MS);
    else if (this.told.size > 0) this.arm(REFRESH_MS);
  }

  private news(): { events: GpuEvent[]; status: GpuStatus | null } {
    const nowMs = this.context.clock.monotonic();
    const isRefresh = nowMs - this.refreshedAtMs >= REFRESH_MS;
    if (isRefresh) this.refreshedAtMs = nowMs;
    const views = this.context.views();
    const fresh = views.filter((view) => isRefresh || isNews(this.told.get(view.jobId), view));
    const kept = isRefresh ? new Map<string, WaitingView>() : this.told;
    this.told = new Map(views.map((view) => [view.jobId, kept.get(view.jobId) ?? view]));
    for (const view of fresh) this.told.set(view.jobId, view);
    const events: GpuEvent[] = [];
    for (let at = 0; at < fresh.length; at += VIEWS_PER_EVENT) {
      events.push({ type: 'job.waiting', jobs: fresh.slice(at, at + VIEWS_PER_EVENT) });
    }
    const status = this.context.status();
    const text = JSON.stringify({ ...status, at_ms: 0 });
    if (text === this.toldStatus) return { events, status: null };
    this.toldStatus = text;
    events.push({ type: 'gpu.status', status });
    return { events, status };
  }
}
