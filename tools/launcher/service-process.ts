import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** Stacks that name the TypeScript line; and a small young generation, which saves a fifth of an idle service's memory. */
const NODE_FLAGS = [
  '--import',
  new URL('source-maps.mjs', import.meta.url).href,
  '--max-semi-space-size=4',
] as const;
/** A service closes itself within 8 s or says that it could not; this is a little more. */
const STOP_TIMEOUT_MS = 10_000;
const READY_POLL_MS = 100;
const READY_ANSWER_MS = 1_000;
const TAIL_LINES = 15;

export interface ServiceProcessOptions {
  readonly name: string;
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onLine: (line: string) => void;
}

/**
 * One run of a service. It is in a process group of its own, so that a Ctrl-C in the terminal reaches the launcher
 * alone, and it holds an IPC channel whose closing tells it that the launcher is gone.
 */
export class ServiceProcess {
  readonly name: string;
  /** Says how it ended; never rejects. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  readonly #announced: Promise<void>;
  #hasExited = false;

  constructor({ name, program, env, onLine }: ServiceProcessOptions) {
    this.name = name;
    this.#child = spawn(process.execPath, [...NODE_FLAGS, program], {
      env,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#tail.push(line);
        if (this.#tail.length > TAIL_LINES) this.#tail.shift();
        onLine(line);
      });
    }
    this.#announced = new Promise((resolve) => {
      this.#child.on('message', (message) => {
        if (isReadyMessage(message)) resolve();
      });
    });
    this.exited = new Promise((resolve) => {
      const settle = (how: string): void => {
        this.#hasExited = true;
        resolve(how);
      };
      this.#child.once('error', (error) => settle(error.message));
      // Not 'exit': the last lines, which say why, come before 'close' only.
      this.#child.once('close', (code, signal) =>
        settle(signal === null ? `exit code ${code ?? '?'}` : `signal ${signal}`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get tail(): readonly string[] {
    return this.#tail;
  }

  /**
   * Resolves when the service has announced itself and `<url>/health/ready` says 200; rejects when the process ends
   * first or the time is over. The announcement tells it from a stranger who took the same port a moment earlier.
   */
  async ready(url: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    let latest = 'it said nothing';
    const patience = new AbortController();
    await Promise.race([
      this.#announced,
      this.exited,
      pause(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    while (Date.now() < deadline) {
      if (this.#hasExited) throw new Error(`it ended: ${await this.exited}`);
      try {
        const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(READY_ANSWER_MS) });
        if (response.ok) return;
        latest = `it answered ${response.status}: ${(await response.text()).slice(0, 300)}`;
      } catch (error) {
        latest = describeFetchError(error);
      }
      await Promise.race([pause(READY_POLL_MS), this.exited]);
    }
    throw new Error(`it was not ready within ${timeoutMs / 1_000} s: ${latest}`);
  }

  /** Asks it to end, insists with the whole group when it is late, and resolves when it is gone. */
  async stop(): Promise<'in-time' | 'killed'> {
    if (this.#hasExited) return 'in-time';
    this.#child.kill('SIGTERM');
    const late = new AbortController();
    const outcome = await Promise.race([
      this.exited.then(() => 'in-time' as const),
      pause(STOP_TIMEOUT_MS, 'killed' as const, { signal: late.signal }).catch(() => 'in-time' as const),
    ]);
    late.abort();
    if (outcome === 'killed') this.kill();
    await this.exited;
    return outcome;
  }

  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasExited) return;
    try {
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function isReadyMessage(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';
}

function describeFetchError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
