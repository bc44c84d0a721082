import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { findRedis, startRedisServer } from '../servers/redis-server.ts';
import type { Figure, FigureContext, FigureReport, Verdict } from './figure.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';

const GOAL_GROWTH = 1.25;
const GOAL_DECISION_US = 50;
const GOAL_REBUILD_MS = 2_000;
const GOAL_BYTES = 300;
/** The goals are about a queue of this length. */
const JUDGED_LENGTH = 100_000;

/** A pass is under a millisecond: there can be more of them than of whole messages. */
const PASSES = 10;

interface Measured {
  readonly rebuilt: readonly {
    readonly length: number;
    readonly ms: number;
    readonly bytesPerJob: number | null;
  }[];
  readonly rounds: readonly {
    readonly ping: readonly number[];
    readonly lengths: readonly {
      readonly coreUs: readonly number[];
      readonly decisionUs: readonly number[];
      readonly claimMs: readonly number[];
      readonly wholeMs: readonly number[];
    }[];
  }[];
}

/** What choosing and claiming the next job costs while few and while many wait (G10). */
export const claimGrowth: Figure = {
  name: 'claim-growth',
  title: 'G10  A decision and a claim while more and more jobs wait; one core, a real Redis',
  run: async ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> => {
    const dir = mkdtempSync(join(tmpdir(), 'baton-bench-redis-'));
    const program = await findRedis();
    if (program === null) throw new Error('this machine has no Redis');
    const redis = await startRedisServer({ program, dir, persistence: 'append-only' });
    try {
      say(`queues of ${counts.waiting.join(', ')} jobs; filling them takes a while`);
      const measured = await runProgram(root, {
        redisUrl: redis.url,
        lengths: counts.waiting,
        rounds: plan.rounds,
        passes: PASSES * plan.passes,
        warmUpPasses: PASSES * plan.warmUpPasses,
      });
      return report(measured, counts.waiting, plan);
    } finally {
      await redis.process.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

/** A tool may not import an app, so this runs the measurement as the program that it is. */
async function runProgram(root: string, order: object): Promise<Measured> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@baton/source',
      '--disable-warning=ExperimentalWarning',
      '--expose-gc',
      join(root, 'apps/gpu-scheduler/src/benchmark/main.ts'),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  child.stdin.end(JSON.stringify(order));
  return (await json(child.stdout)) as Measured;
}

function report({ rebuilt, rounds }: Measured, lengths: readonly number[], plan: RoundsPlan): FigureReport {
  const named = rounds.map((round): Round<string> => {
    const values: Record<string, readonly number[]> = { ping: round.ping };
    for (const [at, length] of lengths.entries()) {
      for (const [name, list] of Object.entries(round.lengths[at] ?? {})) values[`${name} ${length}`] = list;
    }
    return values;
  });
  const reason = whyVoid(named, ['ping']);
  const figures = new RoundsReport(named, { random: plan.random, isVoid: reason !== null });
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  const growth = figures.ratio(`wholeMs ${most}`, `wholeMs ${least}`);
  const isJudged = most >= JUDGED_LENGTH;
  const largest = rebuilt.find(({ length }) => length === most);
  const single = (goal: string, measured: string, holds: boolean): Verdict => ({
    goal,
    measured,
    holds: isJudged ? holds : null,
  });
  const verdicts = [
    figures.atMost(
      `decision and claim at ${most} at most ${GOAL_GROWTH} times those at ${least}`,
      growth,
      GOAL_GROWTH,
    ),
    figures.atMost(
      `a decision at ${most} at most ${GOAL_DECISION_US} us`,
      figures.p50(`decisionUs ${most}`),
      GOAL_DECISION_US,
      1,
    ),
  ];
  return {
    table: [
      [
        'waiting',
        'whole p50 ms',
        'claim p50 ms',
        'decision p50 us',
        'core, whole job p50 us',
        'rebuild ms',
        'bytes/job',
      ],
      ...lengths.map((length) => {
        const built = rebuilt.find((one) => one.length === length);
        return [
          String(length),
          show(figures.p50(`wholeMs ${length}`), 3),
          show(figures.p50(`claimMs ${length}`), 3),
          show(figures.p50(`decisionUs ${length}`), 1),
          show(figures.p50(`coreUs ${length}`), 1),
          built?.ms.toFixed(0) ?? '',
          built?.bytesPerJob?.toFixed(0) ?? '',
        ];
      }),
      ['Redis PING (control)', show(figures.p50('ping'), 3)],
    ],
    verdicts: [
      ...verdicts.map((verdict) => (isJudged ? verdict : { ...verdict, holds: null })),
      single(
        `the index of ${most} built in at most ${GOAL_REBUILD_MS} ms`,
        `${largest?.ms.toFixed(0) ?? '?'} ms`,
        (largest?.ms ?? Infinity) <= GOAL_REBUILD_MS,
      ),
      single(
        `at most ${GOAL_BYTES} bytes per job`,
        largest?.bytesPerJob?.toFixed(0) ?? '?',
        (largest?.bytesPerJob ?? Infinity) <= GOAL_BYTES,
      ),
    ],
    notes: [
      ...(reason === null ? [] : [reason]),
      ...(isJudged ? [] : [`The goals are about ${JUDGED_LENGTH} jobs.`]),
    ],
    data: { rebuilt, rounds: named },
  };
}
