import type { GpuJob } from '@baton/contracts';

/** What the core does not know of its jobs: their payloads, and which ones are just being ended. */
export class JobBook {
  private readonly payloads = new Map<string, GpuJob>();
  private readonly ending = new Set<string>();
  /** When each job would be granted, as its waiter was first told. */
  private readonly promises = new Map<string, number>();

  get all(): ReadonlyMap<string, GpuJob> {
    return this.payloads;
  }

  note(jobId: string, job: GpuJob): void {
    this.payloads.set(jobId, job);
  }

  payload(jobId: string): GpuJob | undefined {
    return this.payloads.get(jobId);
  }

  /** Its end is under way: it may still be seen in the queue, and must not be taken for a new one. */
  ends(jobId: string): void {
    this.ending.add(jobId);
  }

  isEnding(jobId: string): boolean {
    return this.ending.has(jobId);
  }

  promised(jobId: string, grantAtMs: number): void {
    if (this.payloads.has(jobId) && !this.promises.has(jobId)) this.promises.set(jobId, grantAtMs);
  }

  promise(jobId: string): number | null {
    return this.promises.get(jobId) ?? null;
  }

  forget(jobId: string): void {
    this.payloads.delete(jobId);
    this.promises.delete(jobId);
    this.ending.delete(jobId);
  }

  /** Forgets those of whom nothing more will be heard: jobs that vanished, or were gone when they were to be granted. */
  sweep(isKnown: (jobId: string) => boolean): void {
    for (const jobId of this.payloads.keys()) {
      if (!this.ending.has(jobId) && !isKnown(jobId)) this.forget(jobId);
    }
  }
}
