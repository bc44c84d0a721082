import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const LAUNCHER = join(ROOT, 'tools', 'launcher', 'main.ts');
/** Enough of the log to explain a failure, not so much that the failure drowns in it. */
const KEPT_LINES = 400;

export interface LauncherExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LauncherOptions {
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `npm start` as a process of its own, without the bootstrap before it. */
export class Launcher {
  /** Settles when the process has ended and all that it said is in `lines`. */
  readonly exited: Promise<LauncherExit>;
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #watchers = new Set<(line: string) => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
    this.exited = once(child, 'close').then(([code, signal]: unknown[]) => ({
      code: typeof code === 'number' ? code : null,
      signal: typeof signal === 'string' ? (signal as NodeJS.Signals) : null,
    }));
  }

  static async start({ dataDir, env = {} }: LauncherOptions): Promise<Launcher> {
    const [port, managerPort] = [await freePort(), await freePort()];
    const child = spawn(
      process.execPath,
      [LAUNCHER, '--data', dataDir, '--port', String(port), '--simulate'],
      {
        cwd: ROOT,
        // In a group of its own: a Ctrl-C in the terminal ends the tests, and they end this.
        detached: true,
        // The channel says nothing; its closing tells the launcher that the tests are gone, however they ended.
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...plainEnvironment(), PROCESS_MANAGER_PORT: String(managerPort), ...env },
      },
    );
    await once(child, 'spawn');
    return new Launcher(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves at the first line that fits, already said or still to come; rejects when the launcher ends before. */
  async said(pattern: RegExp): Promise<string> {
    const earlier = this.lines.find((line) => pattern.test(line));
    if (earlier !== undefined) return earlier;
    const found = Promise.withResolvers<string>();
    const watch = (line: string): void => {
      if (pattern.test(line)) found.resolve(line);
    };
    this.#watchers.add(watch);
    try {
      return await Promise.race([
        found.promise,
        this.exited.then(({ code, signal }) => {
          throw new Error(
            `The launcher ended (${signal ?? `exit code ${code ?? '?'}`}) before it said ${String(pattern)}:\n${this.lines.join('\n')}`,
          );
        }),
      ]);
    } finally {
      this.#watchers.delete(watch);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  #keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
    for (const watch of this.#watchers) watch(line);
  }
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Settings of the person who runs the tests must not decide how they end. */
function plainEnvironment(): Record<string, string | undefined> {
  const own = /^(REDIS_|DB_|OLLAMA_|COMFYUI_|GPU_|SIM_|JWT_|BATON_|IMAGE_|LOG_|HTTP_|RPC_|GATEWAY_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}
