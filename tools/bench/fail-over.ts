import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { GpuClient } from './gpu-client.ts';
import { GrantWatch } from './grant-watch.ts';
import { timeToPing } from './grant.ts';
import { show } from './rounds-report.ts';
import { Schedulers } from './schedulers.ts';
import { estimate, median, quantile } from './statistics.ts';

const GOAL_P99_MS = 2_500;

/** A leader that was killed a moment ago may have sent a last grant; a new one cannot come before this. */
const LAST_GRANTS_MS = 150;
const RESUME_TIMEOUT_MS = 30_000;
const LEASE_MS = 5;
/** One for the lease that runs through all kills, the others for those that come and go. */
const SLOTS = 3;
const SETTINGS = { OLLAMA_MAX_CONCURRENT: String(SLOTS) } as const;

interface Kill {
  readonly resumedMs: number;
  readonly pingMs: number;
}

interface Outcome {
  readonly kills: readonly Kill[];
  readonly never: number;
  readonly disturbed: readonly string[];
  readonly doubles: readonly string[];
  readonly grants: number;
}

/** The leader is killed again and again: how soon somebody is granted a lease, and what it does to those that run (G7). */
export const failOver: Figure = {
  name: 'fail-over',
  title: 'G7  New grants after kill -9 of the leading scheduler; a lease runs through all of it',
  run: async ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> =>
    withStack(
      root,
      async (stack) => {
        const schedulers = await Schedulers.start(root, stack, SETTINGS);
        try {
          say(`${counts.kills} kills`);
          return report(
            await killLoop(stack, schedulers, { count: counts.kills, random: plan.random }),
            plan,
          );
        } finally {
          await schedulers.stop();
        }
      },
      { env: SETTINGS },
    ),
};

async function killLoop(
  { run }: BenchStack,
  schedulers: Schedulers,
  { count, random }: { count: number; random: () => number },
): Promise<Outcome> {
  const gpu = new GpuClient(run);
  const watch = new GrantWatch(run.redisUrl);
  const redis = new Redis(run.redisUrl);
  const load = new Load(gpu);
  try {
    await watch.firstGrantAfter(0, RESUME_TIMEOUT_MS);
    const kills: Kill[] = [];
    let never = 0;
    for (let at = 0; at < count; at += 1) {
      const pingMs = await timeToPing(redis);
      await pause(random() * 400);
      const killed = await schedulers.killLeader();
      if (killed === null) continue;
      const next = await watch.firstGrantAfter(killed.atMs + LAST_GRANTS_MS, RESUME_TIMEOUT_MS);
      if (next === null) never += 1;
      else kills.push({ resumedMs: next.atMs - killed.atMs, pingMs });
      await schedulers.fill();
    }
    const disturbed = await load.stop();
    return { kills, never, disturbed, doubles: watch.doubles, grants: watch.granted.length };
  } finally {
    await load.stop();
    await watch.close();
    await gpu.close();
    redis.disconnect();
  }
}

/** One lease that is held all the time, and short ones one after the other beside it. */
class Load {
  readonly #stopping = new AbortController();
  readonly #disturbed: string[] = [];
  readonly #running: Promise<unknown>[];

  constructor(gpu: GpuClient) {
    const long = this.#noted(() => gpu.use(({ signal }) => this.#untilOver(signal)));
    const short = Array.from({ length: SLOTS - 1 }, async () => {
      while (!this.#stopping.signal.aborted) await this.#noted(() => gpu.use(({ signal }) => brief(signal)));
    });
    this.#running = [long, ...short];
  }

  /** Resolves with what happened to leases that were held. */
  async stop(): Promise<readonly string[]> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running);
    return this.#disturbed;
  }

  async #noted(use: () => Promise<void>): Promise<void> {
    await use().catch((error: unknown) => this.#disturbed.push(String(error)));
  }

  #untilOver(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`the long lease: ${String(signal.reason)}`)));
      this.#stopping.signal.addEventListener('abort', () => resolve());
    });
  }
}

async function brief(signal: AbortSignal): Promise<void> {
  await pause(LEASE_MS, undefined, { signal });
}

function report(outcome: Outcome, { random }: { random: () => number }): FigureReport {
  const { kills, never, disturbed, doubles, grants } = outcome;
  if (kills.length === 0) {
    return { table: [['nobody was granted anything']], verdicts: [], notes: [], data: outcome };
  }
  const resumed = (share: number) =>
    estimate(
      kills,
      (some) =>
        quantile(
          some.map(({ resumedMs }) => resumedMs),
          share,
        ),
      random,
    );
  const ping = estimate(kills, (some) => median(some.map(({ pingMs }) => pingMs)), random);
  const p99 = resumed(0.99);
  return {
    table: [
      ['', 'p50 ms', 'p99 ms', 'max ms'],
      [
        `grants resume, ${kills.length} kills`,
        show(resumed(0.5), 0),
        show(p99, 0),
        Math.max(...kills.map(({ resumedMs }) => resumedMs)).toFixed(0),
      ],
      ['Redis PING (control)', show(ping, 3)],
    ],
    verdicts: [
      {
        goal: `new grants within ${GOAL_P99_MS} ms at p99`,
        measured: show(p99, 0),
        holds: never === 0 && p99.high <= GOAL_P99_MS,
      },
      {
        goal: 'no running lease disturbed',
        measured: String(disturbed.length),
        holds: disturbed.length === 0,
      },
      {
        goal: 'no job granted twice',
        measured: `${doubles.length} of ${grants}`,
        holds: doubles.length === 0,
      },
    ],
    notes: [
      ...(never > 0 ? [`${never} times nobody was granted anything in time.`] : []),
      ...disturbed.slice(0, 5),
    ],
    data: outcome,
  };
}
