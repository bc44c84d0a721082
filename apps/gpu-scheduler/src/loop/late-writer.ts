import type { Clock } from '@baton/kernel';

export interface LateWriterContext {
  readonly clock: Clock;
  /** What changes within this time is written together; it is also what a leader that is killed loses at most. */
  readonly gatherMs: number;
  /** Whether anything has changed since the last `write` began. */
  isChanged(): boolean;
  write(): Promise<void>;
  failed(error: unknown): void;
}

/** Writes what has changed: a while later, and one write at a time. */
export class LateWriter {
  private readonly context: LateWriterContext;
  private cancelTimer: (() => void) | null = null;
  private isStopped = false;
  private isWriting = false;
  private writing: Promise<void> = Promise.resolve();

  constructor(context: LateWriterContext) {
    this.context = context;
  }

  changed(): void {
    if (this.isStopped || this.isWriting || this.cancelTimer !== null || !this.context.isChanged()) return;
    this.cancelTimer = this.context.clock.after(this.context.gatherMs, () => {
      this.cancelTimer = null;
      this.writing = this.write();
    });
  }

  /** Writes what is new at once, for somebody who wants to read it. */
  async flush(): Promise<void> {
    await this.writing;
    if (this.isStopped || !this.context.isChanged()) return;
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.writing = this.write();
    await this.writing;
  }

  /** Writes what is left; resolves when it is there. Rejects when it will not be, which is nobody's fault at the end. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelTimer?.();
    this.cancelTimer = null;
    await this.writing;
    if (this.context.isChanged()) await this.context.write();
  }

  private async write(): Promise<void> {
    this.isWriting = true;
    try {
      await this.context.write();
    } catch (error) {
      if (!this.isStopped) this.context.failed(error);
    } finally {
      this.isWriting = false;
    }
    this.changed();
  }
}
