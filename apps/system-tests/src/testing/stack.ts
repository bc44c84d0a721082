import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { Launcher } from './launcher.ts';
import { Person } from './person.ts';
import { STACK_VARIABLE, allGone, isAlive } from './process-table.ts';
import { Simulator } from './simulators.ts';

const service = z.object({ pid: z.int().positive(), http: z.url(), rpc: z.string().nullable() });
export const SERVICES = [
  'process-manager',
  'gpu-scheduler',
  'chat-service',
  'image-service',
  'gateway',
] as const;
export type ServiceName = (typeof SERVICES)[number];

const runRecord = z.object({
  pid: z.int(),
  url: z.url(),
  redisUrl: z.url(),
  cardUrl: z.url(),
  services: z.record(z.enum(SERVICES), service),
});
export type RunRecord = z.infer<typeof runRecord>;

const engineRuns = z.object({
  runs: z.array(z.object({ engine: z.string(), leader: z.object({ pid: z.int() }).nullable() })),
});

/** All simulated work takes a tenth of its usual time. */
const SPEED = 10;

/** Short waits, so that what hangs is found out within a test; long enough for a slow machine. */
const TEST_SETTINGS = {
  // The same question may be asked twice, and every use of an engine is one that a test wants: others switch them on.
  ENABLE_CACHING: 'false',
  CHAT_TITLES: 'false',
  SIM_CONTROL: JSON.stringify({ speed: SPEED }),
  GPU_RESTORE_DELAY_MS: '200',
  OLLAMA_TIMEOUT_FIRST_TOKEN_SECONDS: '3',
  OLLAMA_TIMEOUT_STALL_SECONDS: '3',
  COMFYUI_TIMEOUT: '5',
  SWAP_FREE_TIMEOUT_SECONDS: '4',
  REVOKE_TIMEOUT_SECONDS: '3',
  GPU_WAIT_TIMEOUT: '20',
  MAX_USERS: '0',
  REGISTRATIONS_PER_HOUR: '10000',
  REQUESTS_PER_MINUTE: '100000',
} as const;

const execute = promisify(execFile);

const START_TIMEOUT_MS = 90_000;
const RESTART_TIMEOUT_MS = 40_000;
const GONE_TIMEOUT_MS = 3_000;

export interface StackOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Of an earlier stack whose data this one goes on with. */
  readonly dataDir?: string;
}

/** The whole of Baton as processes, with simulated engines, on ports and in a folder of its own. */
export class Stack {
  readonly id: string;
  readonly dataDir: string;
  readonly launcher: Launcher;
  readonly card: Simulator;
  readonly #pids = new Set<number>();
  #people = 0;

  private constructor(parts: { id: string; dataDir: string; launcher: Launcher; card: Simulator }) {
    this.id = parts.id;
    this.dataDir = parts.dataDir;
    this.launcher = parts.launcher;
    this.card = parts.card;
  }

  static async start({ env = {}, dataDir = newDataDir() }: StackOptions = {}): Promise<Stack> {
    const id = randomUUID();
    const launcher = await Launcher.start({
      dataDir,
      env: { ...TEST_SETTINGS, ...env, [STACK_VARIABLE]: id },
    });
    const late = setTimeout(() => launcher.signal('SIGTERM'), START_TIMEOUT_MS);
    try {
      await launcher.said(/Baton is ready/);
    } finally {
      clearTimeout(late);
    }
    const card = new Simulator(readRun(dataDir).cardUrl);
    return new Stack({ id, dataDir, launcher, card });
  }

  /** Where everything is now; pids change when something was started again. */
  get run(): RunRecord {
    const run = readRun(this.dataDir);
    for (const { pid } of Object.values(run.services)) this.#pids.add(pid);
    return run;
  }

  get url(): string {
    return this.run.url;
  }

  /** Somebody new. */
  newPerson(): Promise<Person> {
    this.#people += 1;
    return Person.register(this.url, `person-${this.#people}-${this.id.slice(0, 8)}`);
  }

  /** The engine that runs now, at the address that only the guard should use; waits while it is being started. */
  engine(name: 'ollama' | 'comfyui'): Promise<Simulator> {
    return eventually(
      async () => {
        const { stdout } = await execute('ps', ['-o', 'args=', '-p', String(await this.enginePid(name))]);
        const port = /--port (\d+)/.exec(stdout)?.[1];
        if (port === undefined) return null;
        const simulator = new Simulator(`http://127.0.0.1:${port}`);
        await simulator.get('/__control');
        return simulator;
      },
      { timeoutMs: RESTART_TIMEOUT_MS },
    );
  }

  /** Pid of the engine; waits while it is being started. */
  enginePid(name: 'ollama' | 'comfyui'): Promise<number> {
    return eventually(
      () => {
        const pid = this.#engineRuns().find((run) => run.engine === name && run.leader !== null)?.leader?.pid;
        if (pid === undefined || !isAlive(pid)) return null;
        this.#pids.add(pid);
        return pid;
      },
      { timeoutMs: RESTART_TIMEOUT_MS },
    );
  }

  /** Kills a service as a crash would, and resolves when the launcher has it running again. */
  async crash(name: ServiceName): Promise<void> {
    const { pid } = this.run.services[name];
    process.kill(pid, 'SIGKILL');
    await eventually(() => this.run.services[name].pid !== pid, {
      timeoutMs: RESTART_TIMEOUT_MS,
      everyMs: 50,
    });
  }

  async redisPid(): Promise<number> {
    const pid = await this.redis(async (redis) => /process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
    this.#pids.add(Number(pid));
    return Number(pid);
  }

  async redis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.run.redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1 });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Readers that the gateway serves now. */
  async openStreams(): Promise<number> {
    const metrics = await (await fetch(`${this.url}/metrics`)).text();
    return Number(/^baton_gateway_event_streams(?:\{.*\})? (\d+)/m.exec(metrics)?.[1]);
  }

  /** Ctrl-C. Resolves when nothing of the stack runs any more; rejects when it ended badly or left something. */
  async stop(): Promise<void> {
    for (const { leader } of this.#engineRuns()) if (leader !== null) this.#pids.add(leader.pid);
    for (const { pid } of Object.values(this.run.services)) this.#pids.add(pid);
    this.launcher.signal('SIGINT');
    const { code, signal } = await this.launcher.exited;
    await allGone(this.id, this.#pids, GONE_TIMEOUT_MS);
    if (code !== 0) throw new Error(`The launcher ended with ${signal ?? `exit code ${code ?? '?'}`}.`);
  }

  removeData(): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  #engineRuns(): z.infer<typeof engineRuns>['runs'] {
    return engineRuns.parse(readJson(join(this.dataDir, 'process-manager', 'engines.json'))).runs;
  }
}

export function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'baton-system-'));
}

function readRun(dataDir: string): RunRecord {
  return runRecord.parse(readJson(join(dataDir, 'run.json')));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
