import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { AppError, pause, type Clock } from '@baton/kernel';
import type { EngineDriver, EngineExit, EngineLogs, LogLine, LogQuery } from '../core/engine-driver.ts';
import { Listeners } from '../core/listeners.ts';
import { DockerFrames } from './docker-frames.ts';
import { readStampedLines } from './timestamped-lines.ts';

export interface DockerSettings {
  readonly engine: string;
  readonly url: string;
  /** Name or id of a container that exists; it is never created or removed. */
  readonly container: string;
  /** How long the container's program may take to end before Docker kills it. */
  readonly gentleMs: number;
}

const CALL_MS = 10_000;
const KILLED_MS = 10_000;
const POLL_MS = 100;
/** Before the events are asked for again after Docker went away. */
const AGAIN_MS = 1_000;

/** One look at the container. */
interface Look {
  readonly id: string;
  readonly isUp: boolean;
  readonly isPaused: boolean;
  /** Names one run of the container; another run has another one. */
  readonly startedAt: string;
  readonly exitCode: number;
  readonly hasTerminal: boolean;
}

/** The engine as a Docker container that its owner has named. Docker tells of its end; what is true, a look says. */
export class DockerDriver implements EngineDriver {
  readonly kind = 'docker';
  readonly canStop = true;
  readonly logs: EngineLogs = { read: (query) => this.readLogs(query) };
  private readonly settings: DockerSettings;
  private readonly docker: Docker;
  private readonly clock: Clock;
  private readonly exits = new Listeners<[EngineExit]>();
  /** The run that we believe to be under way; null while we expect none. */
  private expected: string | null = null;
  private watching = new AbortController();

  constructor(settings: DockerSettings, docker: Docker, clock: Clock) {
    this.settings = settings;
    this.docker = docker;
    this.clock = clock;
  }

  get url(): string {
    return this.settings.url;
  }

  onExit(listener: (exit: EngineExit) => void): () => void {
    return this.exits.add(listener);
  }

  async adopt(): Promise<boolean> {
    const look = await this.look().catch(() => null);
    if (look === null || !look.isUp) return false;
    this.watch(look);
    return true;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { engine } = this.settings;
    try {
      const before = await this.look(signal);
      if (before.isPaused) await this.container.unpause(this.limited(CALL_MS, signal));
      else if (!before.isUp) await unless(304, this.container.start(this.limited(CALL_MS, signal)));
      const after = await this.look(signal);
      if (!after.isUp) throw new AppError('engine.failed', { exitCode: after.exitCode });
      if (this.expected !== after.startedAt) this.watch(after);
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.start_failed', { engine, container: this.settings.container }, { cause });
    }
  }

  async stop(): Promise<void> {
    const { engine, container, gentleMs } = this.settings;
    this.unwatch();
    const seconds = Math.ceil(gentleMs / 1_000);
    try {
      // 304: it does not run. 404: there is no such container, so nothing of it runs either.
      const stopped = this.container.stop({ t: seconds, ...this.limited(gentleMs + KILLED_MS) });
      if ((await unless(304, unless(404, stopped))) === 'so') return;
      const deadline = this.clock.monotonic() + KILLED_MS;
      while ((await this.look()).isUp) {
        if (this.clock.monotonic() > deadline)
          throw new AppError('engine.failed', { cause: 'it runs still' });
        // 409: it has ended meanwhile.
        await unless(409, this.container.kill({ signal: 'SIGKILL', ...this.limited(CALL_MS) }));
        await pause(this.clock, POLL_MS);
      }
    } catch (cause) {
      throw new AppError('engine.failed', { engine, container }, { cause });
    }
  }

  /** Docker lists a container's processes but offers no way to end one of them. */
  endWorkers(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    this.unwatch();
    return Promise.resolve();
  }

  private get container(): Docker.Container {
    return this.docker.getContainer(this.settings.container);
  }

  private async look(signal?: AbortSignal): Promise<Look> {
    const { Id, State, Config } = await this.container.inspect(this.limited(CALL_MS, signal));
    // Docker counts a container that waits for its restart as running; none of its processes exists then.
    const isUp = State.Running && !State.Restarting && !State.Dead;
    return {
      id: Id,
      isUp: isUp && !State.Paused,
      isPaused: State.Paused,
      startedAt: State.StartedAt,
      exitCode: State.ExitCode,
      hasTerminal: Config.Tty,
    };
  }

  private watch({ startedAt, id }: Look): void {
    this.unwatch();
    this.expected = startedAt;
    void this.follow(id, this.watching.signal);
  }

  private unwatch(): void {
    this.expected = null;
    this.watching.abort();
    this.watching = new AbortController();
  }

  /** Looks at every event and after every silence: events are only the reason to look, and may be missed. */
  private async follow(id: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const filters: Docker.GetEventsOptions['filters'] = {
          type: ['container'],
          container: [id],
          event: ['die', 'start'],
        };
        // The types know of no signal for the events; the library does.
        const query: Docker.GetEventsOptions & { abortSignal: AbortSignal } = {
          filters,
          abortSignal: signal,
        };
        const events = await this.docker.getEvents(query);
        // It may break off before anybody reads it.
        events.on('error', () => undefined);
        try {
          // It may have ended before the events began.
          await this.tellIfEnded(signal);
          const heard = events[Symbol.asyncIterator]();
          while ((await heard.next()).done !== true) await this.tellIfEnded(signal);
        } finally {
          // A look that fails leaves them unread, and each turn asks for new ones.
          if (events instanceof Readable) events.destroy();
        }
      } catch {
        // Docker is away, or this watch is over; the next turn of the loop tells them apart.
      }
      await pause(this.clock, AGAIN_MS, signal).catch(() => undefined);
    }
  }

  private async tellIfEnded(signal: AbortSignal): Promise<void> {
    // 404: removed with all that ran in it, as one that was begun with `--rm` is at its end.
    const look = await unless(404, this.look(signal));
    if (signal.aborted || (look !== 'so' && look.isUp && look.startedAt === this.expected)) return;
    this.unwatch();
    // Of a run that was followed by another one already, Docker keeps no exit code.
    const code = look === 'so' || look.isUp ? null : look.exitCode;
    this.exits.tell({ code, signal: null, lastOutput: [] });
  }

  private async *readLogs({ lines, follows, signal }: LogQuery): AsyncGenerator<LogLine> {
    const { engine } = this.settings;
    try {
      const { hasTerminal } = await this.look(signal);
      const wanted = { stdout: true, stderr: true, timestamps: true, tail: lines, abortSignal: signal };
      const bytes = follows
        ? Readable.from(await this.container.logs({ ...wanted, follow: true }), { objectMode: false })
        : Readable.from([await this.container.logs({ ...wanted, follow: false })]);
      yield* readStampedLines(hasTerminal ? bytes : withoutFrames(bytes));
    } catch (cause) {
      if (!signal.aborted) throw new AppError('engine.unavailable', { engine }, { cause });
    }
  }

  private limited(ms: number, signal?: AbortSignal): { abortSignal: AbortSignal } {
    const late = AbortSignal.timeout(ms);
    return { abortSignal: signal === undefined ? late : AbortSignal.any([signal, late]) };
  }
}

function withoutFrames(bytes: Readable): Readable {
  const frames = new DockerFrames();
  bytes.on('error', (error: Error) => frames.destroy(error));
  frames.once('close', () => bytes.destroy());
  return bytes.pipe(frames);
}

/** `so` when Docker refused with this status, which means that the thing is so already. */
async function unless<T>(status: number, asked: Promise<T>): Promise<T | 'so'> {
  try {
    return await asked;
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode === status) return 'so';
    throw error;
  }
}
