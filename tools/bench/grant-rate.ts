import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { withStack } from './bench-stack.ts';
import type { Figure, FigureReport } from './figure.ts';
import { GpuClient } from './gpu-client.ts';
import { timeToPing } from './grant.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { measureRounds, whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';
import { quantile } from './statistics.ts';

const GOAL_PER_SECOND = 1_200;
const GOAL_RATIO = 0.4;

/** Who asks at the same time; as many leases may share the visit. */
const CLIENTS = 16;
const GRANTS = 320;
/** A burst is already many grants. */
const PASSES_PER_ROUND = 2;
const LOCK_MS = 60_000;

type Way = 'grants' | 'manual' | 'ping';

/** How many leases are granted and given back in a second (G6). */
export const grantRate: Figure = {
  name: 'grant-rate',
  title: `G6  Leases per second: asked, claimed, granted, released, job completed; ${CLIENTS} at a time`,
  run: async ({ root, plan }) => {
    const bursts = { ...plan, passes: PASSES_PER_ROUND, warmUpPasses: 2 };
    return withStack(
      root,
      async ({ run }) => {
        const redis = new Redis(run.redisUrl, { maxRetriesPerRequest: null });
        const gpu = new GpuClient(run);
        const manual = new ManualLoop(redis);
        try {
          const rounds = await measureRounds<Way>(
            [
              { name: 'grants', measure: () => msPerGrant(gpu) },
              { name: 'manual', measure: () => manual.msPerJob() },
              { name: 'ping', measure: () => timeToPing(redis) },
            ],
            bursts,
          );
          return report(rounds, plan);
        } finally {
          await manual.close();
          await gpu.close();
          redis.disconnect();
        }
      },
      { env: { OLLAMA_MAX_CONCURRENT: String(CLIENTS) } },
    );
  },
};

async function msPerGrant(gpu: GpuClient): Promise<number> {
  let left = GRANTS;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await gpu.use(() => Promise.resolve());
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (performance.now() - startedAt) / GRANTS;
}

/** The control: BullMQ taken by hand, one job after the other; no lease, no holder, no choice. */
class ManualLoop {
  readonly #queue: Queue;
  readonly #worker: Worker;

  constructor(redis: Redis) {
    const name = `bench-${randomUUID()}`;
    this.#queue = new Queue(name, { connection: redis });
    this.#worker = new Worker(name, null, {
      connection: redis,
      autorun: false,
      skipStalledCheck: true,
      skipLockRenewal: true,
      lockDuration: LOCK_MS,
    });
  }

  /** Adding the jobs is not timed. */
  async msPerJob(): Promise<number> {
    await this.#queue.addBulk(
      Array.from({ length: GRANTS }, () => ({ name: 'job', data: {}, opts: { removeOnComplete: true } })),
    );
    const startedAt = performance.now();
    for (let done = 0; done < GRANTS; done += 1) {
      const job = await this.#worker.getNextJob('bench', { block: false });
      await job.moveToCompleted(null, 'bench', false);
    }
    return (performance.now() - startedAt) / GRANTS;
  }

  async close(): Promise<void> {
    await this.#queue.obliterate({ force: true });
    await Promise.allSettled([this.#worker.close(true), this.#queue.close()]);
  }
}

function report(rounds: readonly Round<Way>[], plan: RoundsPlan): FigureReport {
  const reason = whyVoid(rounds, ['manual']);
  const figures = new RoundsReport(rounds, { random: plan.random, isVoid: reason !== null });
  const perSecond = (way: Way) =>
    figures.of(
      (some) =>
        1_000 /
        quantile(
          some.flatMap((round) => round[way]),
          0.5,
        ),
    );
  const ratio = figures.ratio('manual', 'grants');
  return {
    table: [
      ['', 'per second', 'over the manual loop'],
      ['leases', show(perSecond('grants'), 0), show(ratio)],
      ['manual get and complete (control)', show(perSecond('manual'), 0)],
      ['Redis PING, one at a time (control)', show(perSecond('ping'), 0)],
    ],
    verdicts: [
      figures.atLeast(`at least ${GOAL_PER_SECOND} per second`, perSecond('grants'), GOAL_PER_SECOND, 0),
      figures.atLeast(`at least ${GOAL_RATIO} of the manual loop`, ratio, GOAL_RATIO),
    ],
    notes: reason === null ? [] : [reason],
    data: { rounds },
  };
}
