import type { GpuEvent, GpuStatus, WaitingView } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { isNews } from './views.ts';

/** Changes that come together are told together; and a grant that follows at once makes them old news. */
const GATHER_MS = 25;
/**
 * With very many jobs the look itself takes time: at most a twentieth of ours goes into it, as long as everybody still hears
 * of a change within a second.
 */
const PAUSE_PER_WORK = 20;
const MAX_GATHER_MS = 800;
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
  private gatherMs = GATHER_MS;
  private dueAtMs = 0;

  constructor(context: PublisherContext) {
    this.context = context;
  }

  changed(): void {
    this.changes += 1;
    if (this.isStopped || this.isPublishing) return;
    // The timer may be the one of the next refresh, which is too late for a change.
    const isSoonEnough = this.dueAtMs <= this.context.clock.monotonic() + this.gatherMs;
    if (this.cancelTimer === null || !isSoonEnough) this.arm(this.gatherMs);
  }

  /** Nothing is published any more. */
  stop(): void {
    this.isStopped = true;
    this.cancelTimer?.();
    this.cancelTimer = null;
  }

  private arm(ms: number): void {
    this.cancelTimer?.();
    this.dueAtMs = this.context.clock.monotonic() + ms;
    this.cancelTimer = this.context.clock.after(ms, () => {
      this.cancelTimer = null;
      void this.tell();
    });
  }

  private async tell(): Promise<void> {
    this.isPublishing = true;
    const told = this.changes;
    try {
      const startedAt = this.context.clock.monotonic();
      const { events, status } = this.news();
      const workMs = this.context.clock.monotonic() - startedAt;
      this.gatherMs = Math.min(MAX_GATHER_MS, Math.max(GATHER_MS, workMs * PAUSE_PER_WORK));
      if (events.length > 0) await this.context.publish(events, status);
    } catch (error) {
      this.context.failed(error);
      return;
    } finally {
      this.isPublishing = false;
    }
    if (this.isStopped) return;
    if (this.changes !== told) this.arm(this.gatherMs);
    else if (this.told.size > 0) this.arm(REFRESH_MS);
  }

  private news(): { events: GpuEvent[]; status: GpuStatus | null } {
    const nowMs = this.context.clock.monotonic();
    const isRefresh = nowMs - this.refreshedAtMs >= REFRESH_MS;
    if (isRefresh) this.refreshedAtMs = nowMs;
    const views = this.context.views();
    // An estimate is told anew once a second; who is too far back to have one hears of changes only.
    const fresh = views.filter(
      (view) => (isRefresh && view.etaP50Ms !== null) || isNews(this.told.get(view.jobId), view),
    );
    this.told = new Map(views.map((view) => [view.jobId, this.told.get(view.jobId) ?? view]));
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
