import { cpSync, mkdirSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CONTROL, FAULTS, STATES, cellName, deck } from './cells.ts';
import type { Cell } from './cells.ts';
import { HELP, UsageError, readOptions } from './options.ts';
import type { CampaignOptions } from './options.ts';
import { seedOfRun, seeded } from './random.ts';
import { isClean } from './result.ts';
import type { RunResult } from './result.ts';
import { runCell } from './run.ts';
import { Stage } from './stage.ts';
import { describeFailure, renderCampaign } from './table.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', '.baton', 'campaign');
const REST_MS = 5_000;
const LARGEST_SEED = 2 ** 32 - 1;

function say(text: string): void {
  process.stdout.write(`[campaign] ${text}\n`);
}

/** The cells of the runs, in order; a campaign begins with its control. */
function* plan({ cells, runs, seed, pace }: CampaignOptions): Generator<Cell> {
  if (pace === 'short' || cells.length === 1) {
    for (let at = 0; at < runs; at += 1) yield cells[at % cells.length] ?? CONTROL;
    return;
  }
  yield CONTROL;
  const cards = deck(cells, seeded(seed));
  for (let at = 1; at < runs; at += 1) yield cards.next().value;
}

async function campaign(options: CampaignOptions, interrupted: AbortSignal): Promise<RunResult[]> {
  const stage = await Stage.open();
  const results: RunResult[] = [];
  try {
    for (const cell of plan(options)) {
      if (interrupted.aborted) break;
      await untilMayDie(stage, cell);
      const seed = seedOfRun(options.seed, results.length);
      const from = new Date();
      const result = await runCell({ stage, cell, seed, pace: options.pace });
      results.push(result);
      tell(result, results.length, options.runs);
      if (!isClean(result)) keepLogs(stage, result, from);
    }
  } finally {
    await stage.close();
  }
  return results;
}

/** A launcher gives up what dies too often; that is not what is tried here. */
async function untilMayDie(stage: Stage, { fault }: Cell): Promise<void> {
  while (!stage.mayBreak(fault)) await pause(REST_MS);
}

function tell(result: RunResult, count: number, runs: number): void {
  const { cell, what, recoveryMs, reached } = result;
  const outcome = isClean(result) ? `${recoveryMs ?? '-'} ms` : 'FAILED';
  say(
    `${count}/${runs} ${cellName(cell)}: ${reached ? what || 'nothing broken' : 'state not reached'}, ${outcome}`,
  );
  if (!isClean(result)) for (const line of describeFailure(result)) say(line);
}

/** Everything that the services have said so far; the times in it lead to the run. */
function keepLogs({ stack }: Stage, { cell, seed }: RunResult, from: Date): void {
  const folder = join(FOLDER, `${cellName(cell).replaceAll(/[:@]/g, '-')}-${seed}`);
  mkdirSync(folder, { recursive: true });
  cpSync(join(stack.dataDir, 'logs'), folder, { recursive: true });
  say(`  logs from ${from.toTimeString().slice(0, 8)} on: ${folder}`);
}

/** Resolves with the exit code: 1 when something was lost, doubled or overlapped. */
async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), randomInt(LARGEST_SEED));
    if (options === 'help' || options === 'list') {
      process.stdout.write(
        options === 'help' ? HELP : `faults  ${FAULTS.join('  ')}\nstates  ${STATES.join('  ')}\n`,
      );
      return 0;
    }
    if (process.platform !== 'linux') throw new UsageError('The campaign reads /proc and needs Linux.');
    const interrupted = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => interrupted.abort());
    say(`seed ${options.seed}`);
    const results = await campaign(options, interrupted.signal);
    process.stdout.write(renderCampaign(results));
    return results.every(isClean) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main();
