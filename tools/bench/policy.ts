import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Figure, FigureReport, Verdict } from './figure.ts';

/** What `npm run simulate -- --json` prints, as far as it is used here. */
interface Simulated {
  readonly scenarios: readonly {
    readonly name: string;
    readonly policies: readonly {
      readonly policy: string;
      readonly measures: {
        readonly image: { readonly p95S: number };
        readonly chat: { readonly p50S: number; readonly p95S: number };
        readonly useful: number;
        readonly swapsPerHour: number;
      };
    }[];
  }[];
  readonly goals: readonly Verdict[];
}

/** Room for the JSON of all scenarios. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * G11 and G15: the scheduler's policy over made-up days. A tool may not import an app, so this runs the simulator as the
 * program that it is. Fixed seeds and a virtual clock: the same figures on every machine.
 */
export const policy: Figure = {
  name: 'policy',
  title: 'Waits under the policy of the scheduler and under simpler ones, simulated (G11, G15)',
  run: async ({ root, plan, say }): Promise<FigureReport> => {
    const isQuick = plan.rounds < QUICK_BELOW_ROUNDS;
    say(`simulating ${isQuick ? '2 seeds of 2 hours' : '5 seeds of each scenario'}`);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--conditions=@baton/source',
        '--disable-warning=ExperimentalWarning',
        join(root, 'apps/gpu-scheduler/src/simulation/main.ts'),
        '--json',
        isQuick ? '--quick' : '--goals',
      ],
      { maxBuffer: MAX_OUTPUT_BYTES },
    );
    const simulated = JSON.parse(stdout) as Simulated;
    const notes = isQuick ? ['2 seeds of 2 hours are too few to judge the goals by.'] : [];
    return { table: tableOf(simulated), verdicts: simulated.goals, notes, data: simulated };
  },
};

/** The quick pace of the other figures has fewer rounds than this. */
const QUICK_BELOW_ROUNDS = 7;

function tableOf({ scenarios }: Simulated): string[][] {
  const rows = scenarios.flatMap(({ name, policies }) =>
    policies.map(({ policy: kind, measures: { image, chat, useful, swapsPerHour } }) => [
      `${name} ${kind}`,
      image.p95S.toFixed(1),
      chat.p50S.toFixed(1),
      chat.p95S.toFixed(1),
      swapsPerHour.toFixed(0),
      useful.toFixed(3),
    ]),
  );
  return [['scenario, policy', 'image p95 s', 'chat p50 s', 'chat p95 s', 'swaps/h', 'useful'], ...rows];
}
