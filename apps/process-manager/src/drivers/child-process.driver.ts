import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { AppError, type Clock } from '@baton/kernel';
import type { EngineDriver, EngineExit } from '../core/engine-driver.ts';
import { Listeners } from '../core/listeners.ts';
import { killRun, processesOf, signalProcess } from './end-run.ts';
import { RUN_VARIABLE, type EngineRun, type EngineRunsStore } from './engine-runs.store.ts';
import { OutputLog } from './output-log.ts';
import { readProcess } from './process-table.ts';

export interface ChildProcessSettings {
  readonly engine: string;
  /** Program and arguments; `{host}` and `{port}` stand for the address to listen on. No shell sees them. */
  readonly command: readonly string[];
  readonly host: string;
  /** 0: a free port is chosen at each start. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  /** What the program understands as "end in good order": Ollama SIGTERM, ComfyUI SIGINT. */
  readonly gentleSignal: 'SIGTERM' | 'SIGINT';
  /** How long it may take for that before it is killed. */
  readonly gentleMs: number;
}

/** How processes are ended. A port for the tests only: nothing else outlives SIGKILL at will. */
export interface Ending {
  signal(pid: number, signal: NodeJS.Signals): void;
  /** @throws AppError `engine.failed` when one of the run outlives SIGKILL */
  killRun(run: EngineRun, clock: Clock): Promise<number>;
}

interface Running {
  readonly child: ChildProcess;
  readonly run: EngineRun;
  /** Resolves when nothing of the run is left; rejects when its leader has gone and something else would not. */
  readonly ended: Promise<void>;
  isStopping: boolean;
}

/** After SIGKILL. One that takes longer hangs in the kernel, and may hold GPU memory. */
const KILLED_MS = 5_000;
const LAST_OUTPUT_LINES = 50;
const LAST_WORDS_MS = 200;

/** The engine as our child, in a process group of its own, with a record on disk that outlives us. */
export class ChildProcessDriver implements EngineDriver {
  readonly kind = 'child';
  readonly canStop = true;
  readonly logs: OutputLog;
  private readonly settings: ChildProcessSettings;
  private readonly runs: EngineRunsStore;
  private readonly clock: Clock;
  private readonly ending: Ending;
  private readonly exits = new Listeners<[EngineExit]>();
  private running: Running | null = null;
  private address: string | null = null;

  constructor(
    settings: ChildProcessSettings,
    runs: EngineRunsStore,
    clock: Clock,
    ending: Ending = { signal: signalProcess, killRun },
  ) {
    this.settings = settings;
    this.runs = runs;
    this.clock = clock;
    this.ending = ending;
    this.logs = new OutputLog(clock);
  }

  get url(): string | null {
    return this.address;
  }

  onExit(listener: (exit: EngineExit) => void): () => void {
    return this.exits.add(listener);
  }

  /** What an earlier life of ours left was ended before this was made. */
  adopt(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.running !== null && !this.running.isStopping) return;
    const { engine, host } = this.settings;
    await this.clearEarlierRuns(engine);
    signal.throwIfAborted();
    const port = await reservePort(engine, host, this.settings.port);
    const run: EngineRun = { runId: randomUUID(), engine, leader: null };
    this.runs.put(run);
    let child: ChildProcess;
    try {
      child = await this.spawn(port, run.runId);
    } catch (cause) {
      this.runs.remove(run.runId);
      throw new AppError('engine.start_failed', { engine, program: this.settings.command[0] }, { cause });
    }
    this.address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    await this.adoptChild(child, run);
  }

  async stop(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    running.isStopping = true;
    const { child } = running;
    if (child.exitCode === null && child.signalCode === null) {
      if (child.pid !== undefined) this.ending.signal(child.pid, this.settings.gentleSignal);
      // Once it has ended, and all of its group with it, the number may be somebody else's.
      if (!(await this.endedWithin(running, this.settings.gentleMs))) this.killGroup(child);
    }
    const leaderGoneMs = KILLED_MS * 2;
    if (!(await this.endedWithin(running, leaderGoneMs))) {
      throw new AppError('engine.failed', { engine: this.settings.engine, survivor: child.pid });
    }
    await running.ended;
  }

  async endWorkers(): Promise<number> {
    const { running } = this;
    if (running === null) return 0;
    const recorded = this.recordOf(running.run) ?? running.run;
    const workers = (await processesOf(recorded)).filter(({ pid }) => pid !== running.child.pid);
    for (const { pid } of workers) this.ending.signal(pid, 'SIGKILL');
    return workers.length;
  }

  /** A child is stopped before; this is only for one that would not go. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing is started beside what an earlier stop could not end: it may hold the card's memory, or the port. */
  private async clearEarlierRuns(engine: string): Promise<void> {
    try {
      for (const run of this.runs.all().filter((run) => run.engine === engine)) {
        await this.ending.killRun(run, this.clock);
        this.runs.remove(run.runId);
      }
    } catch (cause) {
      throw new AppError(
        'engine.start_failed',
        { engine, cause: 'an earlier process will not end' },
        { cause },
      );
    }
    this.running = null;
  }

  private async spawn(port: number, runId: string): Promise<ChildProcess> {
    const [program = '', ...args] = this.settings.command.map((part) => this.fill(part, port));
    const environment: Record<string, string> = { [RUN_VARIABLE]: runId };
    for (const [name, value] of Object.entries(this.settings.environment)) {
      environment[name] = this.fill(value, port);
    }
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    });
    await once(child, 'spawn');
    return child;
  }

  private fill(text: string, port: number): string {
    return text.replaceAll('{port}', String(port)).replaceAll('{host}', this.settings.host);
  }

  private async adoptChild(child: ChildProcess, run: EngineRun): Promise<void> {
    const from = this.logs.position;
    for (const stream of [child.stdout, child.stderr]) {
      const writer = this.logs.writer();
      stream?.on('data', (bytes: Buffer) => writer.write(bytes)).once('close', () => writer.end());
    }
    // Our own end takes the group with it, even when there is no time to stop in order.
    const onOwnExit = (): void => this.killGroup(child);
    process.once('exit', onOwnExit);
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const ended = exited.then(async ([code, signal]) => {
      process.off('exit', onOwnExit);
      try {
        await this.clearAway(child, run);
      } finally {
        // What would not go is on record, and in the way of the next start; this run is over all the same.
        if (this.running === running) this.running = null;
        if (!running.isStopping) this.tellExit(code, signal, from);
      }
    });
    // `stop` waits for this promise and gets its error; without a stop there is nobody to tell.
    ended.catch(() => undefined);
    const running: Running = { child, run, ended, isStopping: false };
    this.running = running;
    if (child.pid === undefined) return;
    const entry = await readProcess(child.pid);
    if (entry !== null && this.recordOf(run) !== undefined) {
      this.runs.put({ ...run, leader: { pid: child.pid, startTime: entry.startTime } });
    }
  }

  /** Only with what this run has said: an earlier one may have printed prompts. */
  private tellExit(code: number | null, signal: NodeJS.Signals | null, from: number): void {
    const lastOutput = this.logs
      .since(from)
      .slice(-LAST_OUTPUT_LINES)
      .map(({ text }) => text);
    this.exits.tell({ code, signal, lastOutput });
  }

  /** Undefined once the run has ended and was cleared away. */
  private recordOf(run: EngineRun): EngineRun | undefined {
    return this.runs.all().find(({ runId }) => runId === run.runId);
  }

  /** The leader has ended: ends what it left behind (Ollama's model runners hold the card's memory) and the record. */
  private async clearAway(child: ChildProcess, run: EngineRun): Promise<void> {
    try {
      await this.ending.killRun(this.recordOf(run) ?? run, this.clock);
      // Whoever kept the pipes open is gone now: what they hold still comes at once, and then their end.
      if (isOpen(child)) await this.within(LAST_WORDS_MS, once(child, 'close'));
      this.runs.remove(run.runId);
    } finally {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }
  }

  /** False when it has not ended by then. One that ended badly has ended. */
  private endedWithin(running: Running, ms: number): Promise<boolean> {
    return this.within(ms, running.ended);
  }

  private async within(ms: number, work: Promise<unknown>): Promise<boolean> {
    let cancel = (): void => undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = this.clock.after(ms, () => resolve(false));
    });
    const done = work.then(
      () => true,
      () => true,
    );
    return Promise.race([done, late]).finally(cancel);
  }

  private killGroup({ pid }: ChildProcess): void {
    // Windows has no process groups to signal; there the leader stands for all.
    if (pid !== undefined) this.ending.signal(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  }
}

function isOpen({ stdout, stderr }: ChildProcess): boolean {
  return stdout?.closed === false || stderr?.closed === false;
}

/**
 * The port to start on: the wanted one when nobody listens there, for 0 a free one. ComfyUI would notice a taken port
 * only at the end of its long start.
 */
async function reservePort(engine: string, host: string, port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    const { port: found } = server.address() as AddressInfo;
    return found;
  } catch (cause) {
    throw new AppError('engine.start_failed', { engine, host, port, cause: 'the port is taken' }, { cause });
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
