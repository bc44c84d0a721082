import { Redis } from 'ioredis';
import { withStack } from './bench-stack.ts';
import type { Figure, FigureReport } from './figure.ts';
import { GpuClient } from './gpu-client.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { measureRounds, whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';

const GOAL_RATIO = 6;
const GOAL_P99_MS = 3;

type Way = 'grant' | 'ping';

/** From the wish for the GPU to the lease in hand, while the model is loaded and nobody else waits (G5). */
export const grant: Figure = {
  name: 'grant',
  title: 'G5  From asking for the GPU to holding it, GPU idle, model loaded',
  run: async ({ root, plan }) =>
    withStack(root, async ({ run }) => {
      const redis = new Redis(run.redisUrl);
      const gpu = new GpuClient(run);
      try {
        const rounds = await measureRounds<Way>(
          [
            { name: 'grant', measure: () => timeToLease(gpu) },
            { name: 'ping', measure: () => timeToPing(redis) },
          ],
          plan,
        );
        return report(rounds, plan);
      } finally {
        await gpu.close();
        redis.disconnect();
      }
    }),
};

/** Resolves, when the lease has been given back, with the milliseconds until it was granted. */
export async function timeToLease(gpu: GpuClient): Promise<number> {
  const startedAt = performance.now();
  return gpu.use(() => Promise.resolve(performance.now() - startedAt));
}

export async function timeToPing(redis: Redis): Promise<number> {
  const startedAt = performance.now();
  await redis.ping();
  return performance.now() - startedAt;
}

function report(rounds: readonly Round<Way>[], plan: RoundsPlan): FigureReport {
  const reason = whyVoid(rounds, ['ping']);
  const figures = new RoundsReport(rounds, { random: plan.random, isVoid: reason !== null });
  const ratio = figures.ratio('grant', 'ping');
  return {
    table: [
      ['', 'p50 ms', 'p99 ms', 'p50 over PING'],
      ['asked to granted', show(figures.p50('grant')), show(figures.p99('grant')), show(ratio)],
      ['Redis PING (control)', show(figures.p50('ping'), 3), show(figures.p99('ping'), 3)],
    ],
    verdicts: [
      figures.atMost(`p50 at most ${GOAL_RATIO} times PING`, ratio, GOAL_RATIO),
      figures.atMost(`p99 at most ${GOAL_P99_MS} ms`, figures.p99('grant'), GOAL_P99_MS),
    ],
    notes: reason === null ? [] : [reason],
    data: { rounds },
  };
}
