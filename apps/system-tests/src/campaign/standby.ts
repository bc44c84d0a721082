import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@baton/testing';
import { z } from 'zod';
import { STACK_VARIABLE } from '../testing/process-table.ts';
import type { Stack } from '../testing/stack.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'gpu-scheduler', 'dist', 'main.js');
const READY_TIMEOUT_MS = 40_000;
const GONE_TIMEOUT_MS = 12_000;

const readyMessage = z.object({ type: z.literal('ready'), http: z.string() });
const secrets = z.object({ BATON_INTERNAL_SECRET: z.string() });

/** A second gpu-scheduler beside the stack's own, started again whenever it ends. */
export class Standby {
  readonly #stack: Stack;
  readonly #settings: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #url: string | null = null;
  #isStopping = false;

  private constructor(stack: Stack, settings: Readonly<Record<string, string>>) {
    this.#stack = stack;
    this.#settings = settings;
  }

  /** Resolves when it is ready. `settings`: those that the stack's own scheduler has. */
  static async start(stack: Stack, settings: Readonly<Record<string, string>>): Promise<Standby> {
    const standby = new Standby(stack, settings);
    standby.#spawn();
    await eventually(() => standby.url, { timeoutMs: READY_TIMEOUT_MS, everyMs: 50 });
    return standby;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Null while it is being started. */
  get url(): string | null {
    return this.#url;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === null) return;
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), GONE_TIMEOUT_MS);
    await gone;
    clearTimeout(late);
  }

  #spawn(): void {
    const { run, dataDir, id } = this.#stack;
    const kept: unknown = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'));
    const child = spawn(process.execPath, [PROGRAM], {
      detached: true,
      // The channel says that it is ready; its closing ends it, should the tests be gone.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        ...this.#settings,
        ...secrets.parse(kept),
        [STACK_VARIABLE]: id,
        NODE_ENV: 'production',
        REDIS_URL: run.redisUrl,
        PROCESS_MANAGER_ADDRESS: run.services['process-manager'].rpc ?? '',
        BATON_DATA_DIR: dataDir,
        HTTP_HOST: '127.0.0.1',
        RPC_HOST: '127.0.0.1',
        BATON_PARENT_IPC: '1',
      },
    });
    this.#child = child;
    child.on('message', (message) => {
      const ready = readyMessage.safeParse(message);
      if (ready.success) this.#url = `http://${ready.data.http}`;
    });
    child.once('exit', () => {
      this.#url = null;
      this.#child = null;
      if (!this.#isStopping) this.#spawn();
    });
  }
}
