import { parseArgs } from 'node:util';
import { SHORT_CELLS, UnknownCell, allCells, cellsMatching } from './cells.ts';
import type { Cell } from './cells.ts';

export const HELP = `npm run campaign -- [options]      breaks a Baton of its own, again and again, and judges what comes of it

  --runs N       how many times something is broken (default 200)
  --seed N       chooses victims, moments and delays; the same seed chooses the same (default: a new one)
  --only WHAT    fault@state, fault or @state; a star stands for anything: 'kill:*@granted'
  --short        the part of it that npm test does
  --list         the faults and states that there are
  --help         this text

Two schedulers run, several people chat and draw, and the simulated card judges: no two engines loaded at once, no
message lost, none made twice, and the GPU works afterwards. A failure names the command that repeats it.
`;

const DEFAULT_RUNS = 200;
const SEEDS = 2 ** 32;

export interface CampaignOptions {
  readonly runs: number;
  readonly seed: number;
  /** Taken in this order when there are as many as runs, else shuffled. */
  readonly cells: readonly Cell[];
  readonly pace: 'short' | 'long';
}

/** Wrong words on the command line; the message is for the person who typed them. */
export class UsageError extends Error {}

/** What was asked for. `newSeed` is taken when none was given. @throws UsageError */
export function readOptions(args: readonly string[], newSeed: number): CampaignOptions | 'help' | 'list' {
  const values = parse(args);
  if (values.help === true) return 'help';
  if (values.list === true) return 'list';
  const seed = values.seed === undefined ? newSeed % SEEDS : readCount('--seed', values.seed, 0);
  if (values.short === true) return { runs: SHORT_CELLS.length, seed, cells: SHORT_CELLS, pace: 'short' };
  const runs = values.runs === undefined ? DEFAULT_RUNS : readCount('--runs', values.runs, 1);
  return { runs, seed, cells: readCells(values.only), pace: 'long' };
}

function readCells(only: string | undefined): Cell[] {
  if (only === undefined) return allCells();
  try {
    return cellsMatching(only);
  } catch (error) {
    if (error instanceof UnknownCell) throw new UsageError(error.message);
    throw error;
  }
}

function readCount(name: string, text: string, least: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= least && count < SEEDS) return count;
  throw new UsageError(`${name} must be a whole number from ${least} on, not "${text}".`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        short: { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
