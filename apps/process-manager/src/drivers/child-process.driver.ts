import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { AppError, type Clock } from '@baton/kernel';
import type { EngineDriver, EngineExit } from '../core/engine-driver.ts';
import { Listeners } from '../core/listeners.ts';
import { killRun, signalProcess } from './end-run.ts';
import { RUN_VARIABLE, type EngineRun, type EngineRunsStore } from './engine-runs.store.ts';
import { readProcess } from './process-table.ts';
import { RecentOutput } from './recent-output.ts';

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

interface Running {
  readonly child: ChildProcess;
  readonly run: EngineRun;
  readonly ended: Promise<void>;
  isStopping: boolean;
}

/** The engine as our child, in a process group of its own, with a record on disk that outlives us. */
export class ChildProcessDriver implements EngineDriver {
  readonly kind = 'child';
  private readonly settings: ChildProcessSettings;
  private readonly runs: EngineRunsStore;
  private readonly clock: Clock;
  private readonly exits = new Listeners<[EngineExit]>();
  private running: Running | null = null;
  private address: string | null = null;

  constructor(settings: ChildProcessSettings, runs: EngineRunsStore, clock: Clock) {
    this.settings = settings;
    this.runs = runs;
    this.clock = clock;
  }

  get url(): string | null {
    return this.address;
  }

  onExit(listener: (exit: EngineExit) => void): () => void {
    return this.exits.add(listener);
  }

  async start(): Promise<void> {
    if (this.running !== null) return;
    const { engine, host } = this.settings;
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
    await this.adopt(child, run);
  }

  async stop(): Promise<void> {
    const { running } = this;
    if (running === null) return;
    running.isStopping = true;
    const { child } = running;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(this.settings.gentleSignal);
      await this.endedWithin(running, this.settings.gentleMs);
      if (child.pid !== undefined) signalGroup(child.pid);
    }
    await running.ended;
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

  private async adopt(child: ChildProcess, run: EngineRun): Promise<void> {
    const output = new RecentOutput();
    child.stdout?.on('data', (bytes: Buffer) => output.add(bytes));
    child.stderr?.on('data', (bytes: Buffer) => output.add(bytes));
    // Our own end takes the group with it, even when there is no time to stop in order.
    const onOwnExit = (): void => {
      if (child.pid !== undefined) signalGroup(child.pid);
    };
    process.once('exit', onOwnExit);
    const ended = once(child, 'exit').then(async ([code, signal]: unknown[]) => {
      process.off('exit', onOwnExit);
      try {
        await this.clearAway(child, run);
      } finally {
        if (this.running?.isStopping !== true) {
          this.exits.tell({
            code: typeof code === 'number' ? code : null,
            signal: typeof signal === 'string' ? signal : null,
            lastOutput: output.lines(),
          });
        }
      }
      this.running = null;
    });
    // `stop` waits for this promise and gets its error; without a stop there is nobody to tell.
    ended.catch(() => undefined);
    this.running = { child, run, ended, isStopping: false };
    if (child.pid === undefined) return;
    const entry = await readProcess(child.pid);
    if (entry !== null && this.isRecorded(run)) {
      this.runs.put({ ...run, leader: { pid: child.pid, startTime: entry.startTime } });
    }
  }

  /** False once it has ended and was cleared away. */
  private isRecorded(run: EngineRun): boolean {
    return this.runs.all().some(({ runId }) => runId === run.runId);
  }

  /** The leader has ended: ends what it left behind (Ollama's model runners hold the card's memory) and the record. */
  private async clearAway(child: ChildProcess, run: EngineRun): Promise<void> {
    const recorded = this.runs.all().find(({ runId }) => runId === run.runId) ?? run;
    await killRun(recorded, this.clock);
    // Whoever kept the pipes open is gone now; nothing more will be read from them.
    child.stdout?.destroy();
    child.stderr?.destroy();
    this.runs.remove(run.runId);
  }

  private async endedWithin(running: Running, ms: number): Promise<void> {
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.clock.after(ms, resolve);
    });
    await Promise.race([running.ended, late]).finally(cancel);
  }
}

function signalGroup(leader: number): void {
  // Windows has no process groups to signal; there the leader stands for all.
  signalProcess(process.platform === 'win32' ? leader : -leader, 'SIGKILL');
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
