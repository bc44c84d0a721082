import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programOf } from '../launcher/services.ts';
import type { BenchStack } from './bench-stack.ts';

/** The one that leads, the one that takes over, and one that is being started meanwhile. */
const POOL = 3;
const READY_TIMEOUT_MS = 30_000;
const GRACE_MS = 12_000;

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

/**
 * At least two schedulers, of which a figure may kill the leading one as often as it likes. The stack's own one, which its launcher would not start
 * again for ever, is stopped meanwhile; that is one more thing that must do no harm.
 */
export class Schedulers {
  readonly #root: string;
  readonly #stack: BenchStack;
  readonly #env: Readonly<Record<string, string>>;
  readonly #starting = new Set<Promise<void>>();
  #running: Running[] = [];
  #isStopping = false;

  private constructor(root: string, stack: BenchStack, env: Readonly<Record<string, string>>) {
    this.#root = root;
    this.#stack = stack;
    this.#env = env;
  }

  static async start(
    root: string,
    stack: BenchStack,
    env: Readonly<Record<string, string>>,
  ): Promise<Schedulers> {
    const schedulers = new Schedulers(root, stack, env);
    await schedulers.fill();
    process.kill(schedulers.#own, 'SIGSTOP');
    return schedulers;
  }

  /** Kills the one that leads. Null when none does at the moment. */
  async killLeader(): Promise<{ readonly atMs: number } | null> {
    for (const one of this.#running) {
      if (!(await leads(one.url))) continue;
      this.#running = this.#running.filter((other) => other !== one);
      const gone = once(one.child, 'exit');
      const atMs = performance.now();
      one.child.kill('SIGKILL');
      await gone;
      return { atMs };
    }
    return null;
  }

  /** Starts what is missing; resolves when there is one to take over from the leader. */
  async fill(): Promise<void> {
    while (this.#running.length + this.#starting.size < POOL) this.#startAnother();
    while (this.#running.length < 2 && this.#starting.size > 0) await Promise.race(this.#starting);
    if (this.#running.length < 2) throw new Error('a scheduler did not start');
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    process.kill(this.#own, 'SIGCONT');
    await Promise.all(this.#starting);
    await Promise.all(this.#running.map(({ child }) => end(child)));
  }

  #startAnother(): void {
    const starting = this.#start().then(
      (started) => {
        this.#starting.delete(starting);
        this.#running.push(started);
      },
      () => {
        this.#starting.delete(starting);
        if (!this.#isStopping) process.stderr.write('A scheduler did not start.\n');
      },
    );
    this.#starting.add(starting);
  }

  get #own(): number {
    return this.#stack.run.services['gpu-scheduler']?.pid ?? 0;
  }

  async #start(): Promise<Running> {
    const { run, dataDir } = this.#stack;
    const kept = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as {
      readonly BATON_INTERNAL_SECRET: string;
    };
    const child = spawn(process.execPath, [programOf(this.#root, 'gpu-scheduler')], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: join(this.#root, 'node_modules', '.cache', 'baton', 'compiled'),
        ...this.#env,
        BATON_INTERNAL_SECRET: kept.BATON_INTERNAL_SECRET,
        BATON_DATA_DIR: dataDir,
        REDIS_URL: run.redisUrl,
        PROCESS_MANAGER_ADDRESS: run.services['process-manager']?.rpc ?? '',
        // It ends with this process, however this process ends.
        BATON_PARENT_IPC: '1',
      },
    });
    try {
      const [message] = (await once(child, 'message', {
        signal: AbortSignal.timeout(READY_TIMEOUT_MS),
      })) as [{ readonly http: string }];
      return { child, url: `http://${message.http}` };
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(late);
}

async function leads(url: string): Promise<boolean> {
  try {
    const metrics = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(1_000) })).text();
    return /^baton_gpu_leader(?:\{.*\})? 1$/m.test(metrics);
  } catch {
    return false;
  }
}
