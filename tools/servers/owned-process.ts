import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const GUARDIAN = join(import.meta.dirname, 'guardian.sh');
/** How much a guardian may lag behind the deadline it was given before the whole group is killed. */
const GUARDIAN_SLACK_MS = 2_000;
const TAIL_LINES = 30;

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface OwnedProcessOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** How long the program may take to end after it was asked to. */
  readonly graceMs: number;
  readonly onLine?: (line: string) => void;
}

/**
 * A foreign program (Redis, MariaDB, Docker) that ends when this process ends, however it ends. It runs in a process
 * group of its own, so a Ctrl-C in the terminal does not reach it: its owner decides when it stops.
 */
export class OwnedProcess {
  readonly name: string;
  /** Settles when the program and its guardian are gone; never rejects. */
  readonly exited: Promise<ProgramExit>;
  readonly #child: ChildProcess;
  readonly #graceMs: number;
  readonly #tail: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();
  #hasExited = false;

  constructor({ name, command, cwd, env, graceMs, onLine }: OwnedProcessOptions) {
    this.name = name;
    this.#graceMs = graceMs;
    const [program, args] = guarded(command, graceMs);
    this.#child = spawn(program, args, {
      cwd,
      env,
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // Writing end of the guardian's pipe; nothing is ever written, so nothing but its closing can go wrong.
    this.#child.stdin?.on('error', () => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#remember(line);
        onLine?.(line);
      });
    }
    this.exited = new Promise((resolve) => {
      const done = (exit: ProgramExit): void => {
        this.#hasExited = true;
        resolve(exit);
      };
      this.#child.once('error', (error) => {
        this.#remember(error.message);
        done({ code: 127, signal: null });
      });
      this.#child.once('close', (code, signal) => done({ code, signal }));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last lines it printed, oldest first. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** Resolves with the first line that matches; rejects with the program's last lines when it ends or stays silent. */
  async waitForLine(pattern: RegExp, timeoutMs: number): Promise<string> {
    const seen = this.#tail.find((line) => pattern.test(line));
    if (seen !== undefined) return seen;
    const found = Promise.withResolvers<string>();
    const watch = (line: string): void => {
      if (pattern.test(line)) found.resolve(line);
    };
    this.#watchers.add(watch);
    const timer = setTimeout(() => {
      found.reject(new Error(this.#explain(`did not get ready within ${timeoutMs / 1_000} s`)));
    }, timeoutMs);
    try {
      return await Promise.race([
        found.promise,
        this.exited.then(({ code, signal }) => {
          throw new Error(this.#explain(`ended at start (${signal ?? `exit code ${code ?? 'unknown'}`})`));
        }),
      ]);
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(watch);
    }
  }

  /** Asks it to end, insists after the grace time, and resolves when it is gone. Calling it again is harmless. */
  async stop(): Promise<ProgramExit> {
    if (this.#hasExited) return this.exited;
    if (process.platform === 'win32') this.#child.kill();
    else this.#child.stdin?.end();
    const timer = setTimeout(() => this.kill(), this.#graceMs + GUARDIAN_SLACK_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Kills the program and its guardian on the spot, as a crash would. */
  kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasExited) return;
    try {
      if (process.platform === 'win32') this.#child.kill('SIGKILL');
      else process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // Gone between the question and the act: what was wanted.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #remember(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    for (const watch of this.#watchers) watch(line);
  }

  #explain(what: string): string {
    return [`${this.name} ${what}.`, ...this.#tail.map((line) => `  | ${line}`)].join('\n');
  }
}

function guarded(command: readonly string[], graceMs: number): [string, string[]] {
  if (process.platform === 'win32') {
    const [program = '', ...args] = command;
    return [program, args];
  }
  return ['/bin/sh', [GUARDIAN, String(Math.ceil(graceMs / 1_000)), ...command]];
}
