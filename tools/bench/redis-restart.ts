import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findRedis, startRedisServer } from '../servers/redis-server.ts';
import type { RedisServer } from '../servers/redis-server.ts';
import { withStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { GpuClient } from './gpu-client.ts';
import { GrantWatch } from './grant-watch.ts';
import { show } from './rounds-report.ts';
import { estimate, quantile } from './statistics.ts';

const GOAL_MS = 500;
const RESUME_TIMEOUT_MS = 30_000;
/** A bare client that takes longer says that the machine was busy with something else. */
const CALM_CLIENT_MS = 150;
/** From one look for Redis to the next. */
const LOOK_MS = 2;

interface Outage {
  readonly outageMs: number;
  /** From Redis accepting commands to the first grant; null when there was none in time. */
  readonly resumedMs: number | null;
  /** The control: from then to the first answer that a client with a constant retry gets. */
  readonly clientMs: number;
}

/** Redis is killed and stays away for a while: how soon somebody is granted a lease when it is back (G8). */
export const redisRestart: Figure = {
  name: 'redis-restart',
  title: 'G8  New grants after Redis accepts connections again',
  run: async ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> => {
    const dir = mkdtempSync(join(tmpdir(), 'baton-bench-redis-'));
    const redis = await RestartableRedis.start(dir);
    try {
      return await withStack(
        root,
        async ({ run }) => {
          say(
            `outages of ${counts.outagesMs.map((ms) => ms / 1_000).join(', ')} s, ${counts.outageRepeats} times each`,
          );
          const gpu = new GpuClient(run);
          const watch = new GrantWatch(run.redisUrl);
          const asking = new AbortController();
          const load = askAgainAndAgain(gpu, asking.signal);
          try {
            await watch.firstGrantAfter(0, RESUME_TIMEOUT_MS);
            const outages: Outage[] = [];
            for (let at = 0; at < counts.outageRepeats; at += 1) {
              for (const outageMs of counts.outagesMs) outages.push(await oneOutage(redis, watch, outageMs));
            }
            return report(outages, plan);
          } finally {
            asking.abort();
            await load;
            await watch.close();
            await gpu.close();
          }
        },
        { env: { REDIS_URL: redis.url } },
      );
    } finally {
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

/** Somebody always wants the GPU; who loses a lease to the outage asks again. */
async function askAgainAndAgain(gpu: GpuClient, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await gpu.use(() => Promise.resolve(), { signal: stopped }).catch(() => undefined);
    await pause(LOOK_MS);
  }
}

async function oneOutage(redis: RestartableRedis, watch: GrantWatch, outageMs: number): Promise<Outage> {
  await redis.kill();
  await pause(outageMs);
  const client = new Redis(redis.url, {
    retryStrategy: () => LOOK_MS,
    maxLoadingRetryTime: LOOK_MS,
    maxRetriesPerRequest: null,
  });
  client.on('error', () => undefined);
  try {
    const answered = client.ping().then(() => performance.now());
    const acceptedAt = await redis.startAgain();
    const clientMs = Math.max(0, (await answered) - acceptedAt);
    const next = await watch.firstGrantAfter(acceptedAt, RESUME_TIMEOUT_MS);
    return { outageMs, resumedMs: next === null ? null : next.atMs - acceptedAt, clientMs };
  } finally {
    client.disconnect();
  }
}

class RestartableRedis {
  #server: RedisServer;
  readonly #start: (again: { port: number; password: string }) => Promise<RedisServer>;

  private constructor(
    server: RedisServer,
    start: (again: { port: number; password: string }) => Promise<RedisServer>,
  ) {
    this.#server = server;
    this.#start = start;
  }

  static async start(dir: string): Promise<RestartableRedis> {
    const program = await findRedis();
    if (program === null) throw new Error('this machine has no Redis');
    const options = { program, dir, persistence: 'append-only' } as const;
    return new RestartableRedis(await startRedisServer(options), (again) =>
      startRedisServer({ ...options, ...again }),
    );
  }

  get url(): string {
    return this.#server.url;
  }

  async kill(): Promise<void> {
    this.#server.process.kill();
    await this.#server.process.exited;
  }

  /** Resolves with the moment from which on it takes commands. */
  async startAgain(): Promise<number> {
    const { port, password } = this.#server;
    this.#server = await this.#start({ port, password });
    return performance.now();
  }

  async stop(): Promise<void> {
    await this.#server.process.stop();
  }
}

function report(outages: readonly Outage[], { random }: { random: () => number }): FigureReport {
  const lengths = [...new Set(outages.map(({ outageMs }) => outageMs))];
  const never = outages.filter(({ resumedMs }) => resumedMs === null).length;
  const worst = (some: readonly Outage[]) =>
    estimate(
      some,
      (drawn) => Math.max(...drawn.map(({ resumedMs }) => resumedMs ?? RESUME_TIMEOUT_MS)),
      random,
    );
  const middle = (some: readonly Outage[], of: (outage: Outage) => number) =>
    estimate(some, (drawn) => quantile(drawn.map(of), 0.5), random);
  return {
    table: [
      ['outage', 'times', 'grants resume p50 ms', 'max ms', 'bare client (control) p50 ms'],
      ...lengths.map((outageMs) => {
        const those = outages.filter((outage) => outage.outageMs === outageMs);
        return [
          `${outageMs / 1_000} s`,
          String(those.length),
          show(
            middle(those, ({ resumedMs }) => resumedMs ?? RESUME_TIMEOUT_MS),
            0,
          ),
          worst(those).value.toFixed(0),
          show(
            middle(those, ({ clientMs }) => clientMs),
            0,
          ),
        ];
      }),
    ],
    verdicts: lengths.map((outageMs) => {
      const those = outages.filter((outage) => outage.outageMs === outageMs);
      const most = worst(those);
      const isCalm = those.every(({ clientMs }) => clientMs <= CALM_CLIENT_MS);
      return {
        goal: `after ${outageMs / 1_000} s, at most ${GOAL_MS} ms, every time`,
        measured: most.value.toFixed(0),
        holds: isCalm ? most.value <= GOAL_MS : null,
      };
    }),
    notes: [
      ...(never > 0 ? [`${never} times nobody was granted anything in time.`] : []),
      ...(outages.some(({ clientMs }) => clientMs > CALM_CLIENT_MS)
        ? ['VOID: a bare client was slow as well; measure again.']
        : []),
    ],
    data: { outages },
  };
}
