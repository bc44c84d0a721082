import { AppError, pause, type Clock } from '@baton/kernel';
import type { EngineDriver, EngineExit, EngineLogs, LogLine, LogQuery } from '../core/engine-driver.ts';
import { Listeners } from '../core/listeners.ts';
import { statusOf, type KubernetesWorkload, type PodLook } from './kubernetes-workload.client.ts';
import { readStampedLines } from './timestamped-lines.ts';

export interface KubernetesSettings {
  readonly engine: string;
  /** Of the service in front of the workload. */
  readonly url: string;
  /** How long a pod may take until Kubernetes calls it ready; its image may have to be fetched. */
  readonly startMs: number;
  /** How long pods may take to end by themselves before they are taken away. */
  readonly gentleMs: number;
}

const KILLED_MS = 15_000;
const POLL_MS = 500;
/** Between two looks at a pod that runs. A watch would tell sooner, and needs the same list each time it breaks off. */
const LOOK_MS = 2_000;

/**
 * The engine as a Deployment or StatefulSet that its owner has named, scaled to one pod and to none. Nothing else of it
 * is changed. The workload must not be scaled by somebody else at the same time (an autoscaler).
 */
export class KubernetesDriver implements EngineDriver {
  readonly kind = 'kubernetes';
  readonly canStop = true;
  readonly logs: EngineLogs = { read: (query) => this.readLogs(query) };
  private readonly settings: KubernetesSettings;
  private readonly open: () => Promise<KubernetesWorkload>;
  private readonly clock: Clock;
  private readonly exits = new Listeners<[EngineExit]>();
  private opened: Promise<KubernetesWorkload> | null = null;
  /** The run that we believe to be under way; null while we expect none. */
  private expected: string | null = null;
  private watching = new AbortController();

  constructor(settings: KubernetesSettings, open: () => Promise<KubernetesWorkload>, clock: Clock) {
    this.settings = settings;
    this.open = open;
    this.clock = clock;
  }

  get url(): string {
    return this.settings.url;
  }

  onExit(listener: (exit: EngineExit) => void): () => void {
    return this.exits.add(listener);
  }

  async adopt(): Promise<boolean> {
    const { signal } = this.watching;
    try {
      const workload = await this.workload();
      if (!(await workload.isWanted(signal))) return false;
      const pod = readyOne(await workload.pods(signal));
      if (pod !== undefined) this.watch(pod);
      return true;
    } catch {
      return false;
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    const { engine, startMs } = this.settings;
    try {
      const workload = await this.workload();
      await workload.scale(1, signal);
      const deadline = this.clock.monotonic() + startMs;
      for (;;) {
        const pods = (await workload.pods(signal)).filter(({ isEnding }) => !isEnding);
        const ready = readyOne(pods);
        if (ready !== undefined) {
          if (this.expected !== ready.run) this.watch(ready);
          return;
        }
        const trouble = pods.find((pod) => pod.trouble !== null)?.trouble;
        if (trouble !== undefined) throw new AppError('engine.failed', { trouble });
        if (this.clock.monotonic() > deadline)
          throw new AppError('engine.failed', { cause: 'no pod is ready' });
        await pause(this.clock, POLL_MS, signal);
      }
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.start_failed', { engine, status: statusOf(cause) }, { cause });
    }
  }

  async stop(): Promise<void> {
    const { engine, gentleMs } = this.settings;
    this.unwatch();
    const signal = this.watching.signal;
    try {
      const workload = await this.workload();
      await workload.scale(0, signal);
      if (await this.untilGone(workload, gentleMs)) return;
      for (const { name } of await workload.pods(signal)) await workload.removePod(name, signal);
      if (!(await this.untilGone(workload, KILLED_MS)))
        throw new AppError('engine.failed', { cause: 'a pod is left' });
    } catch (cause) {
      throw new AppError('engine.failed', { engine, status: statusOf(cause) }, { cause });
    }
  }

  /** What runs inside a pod is out of reach. */
  endWorkers(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    this.unwatch();
    return Promise.resolve();
  }

  /** Opened at the first need, and again after it failed: the file or the cluster may come later than we do. */
  private workload(): Promise<KubernetesWorkload> {
    this.opened ??= this.open().catch((error: unknown) => {
      this.opened = null;
      throw error;
    });
    return this.opened;
  }

  private async untilGone(workload: KubernetesWorkload, limitMs: number): Promise<boolean> {
    const deadline = this.clock.monotonic() + limitMs;
    for (;;) {
      // A pod that is ending still holds the card.
      if ((await workload.pods(this.watching.signal)).length === 0) return true;
      if (this.clock.monotonic() > deadline) return false;
      await pause(this.clock, POLL_MS);
    }
  }

  private watch({ run }: PodLook): void {
    this.unwatch();
    this.expected = run;
    void this.follow(this.watching.signal);
  }

  private unwatch(): void {
    this.expected = null;
    this.watching.abort();
    this.watching = new AbortController();
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const workload = await this.workload();
    for (;;) {
      await pause(this.clock, LOOK_MS, signal).catch(() => undefined);
      // While nobody answers nobody knows; the engine itself is asked by others.
      const pods = await workload.pods(signal).catch(() => null);
      if (signal.aborted) return;
      if (pods === null || pods.some((pod) => this.isExpected(pod))) continue;
      this.unwatch();
      const exitCode = pods.find(({ isEnding }) => !isEnding)?.exitCode ?? null;
      this.exits.tell({ code: exitCode, signal: null, lastOutput: [] });
    }
  }

  private isExpected(pod: PodLook): boolean {
    return pod.run === this.expected && !pod.isEnding && pod.trouble === null;
  }

  private async *readLogs({ lines, follows, signal }: LogQuery): AsyncGenerator<LogLine> {
    const { engine } = this.settings;
    try {
      const workload = await this.workload();
      const pods = await workload.pods(signal);
      const pod = readyOne(pods) ?? pods[0];
      if (pod === undefined) return;
      const stream = await workload.readLog(pod.name, { lines, follows });
      const left = (): void => void stream.destroy();
      signal.addEventListener('abort', left, { once: true });
      try {
        yield* readStampedLines(stream);
      } finally {
        signal.removeEventListener('abort', left);
      }
    } catch (cause) {
      if (!signal.aborted)
        throw new AppError('engine.unavailable', { engine, status: statusOf(cause) }, { cause });
    }
  }
}

function readyOne(pods: readonly PodLook[]): PodLook | undefined {
  return pods.find(({ isReady, isEnding }) => isReady && !isEnding);
}
