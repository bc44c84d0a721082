import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { cancel } from './cancel.ts';
import { chatList } from './chat-list.ts';
import { claimGrowth } from './claim-growth.ts';
import { durability } from './durability.ts';
import { failOver } from './fail-over.ts';
import type { Counts, Figure, FigureReport } from './figure.ts';
import { firstToken } from './first-token.ts';
import { grantRate } from './grant-rate.ts';
import { grant } from './grant.ts';
import { idleMemory } from './idle-memory.ts';
import { imageMemory } from './image-memory.ts';
import { HELP, UsageError, readOptions } from './options.ts';
import type { BenchOptions } from './options.ts';
import { policy } from './policy.ts';
import { redisRestart } from './redis-restart.ts';
import { renderOverhead } from './render-overhead.ts';
import { resume } from './resume.ts';
import type { RoundsPlan } from './rounds.ts';
import { streams } from './streams.ts';
import { swap } from './swap.ts';
import { renderReport } from './table.ts';
import { tokenDelay } from './token-delay.ts';

const NAME_WIDTH = 16;
const ROOT = join(import.meta.dirname, '..', '..');

const FIGURES: readonly Figure[] = [
  idleMemory,
  firstToken,
  tokenDelay,
  streams,
  resume,
  durability,
  chatList,
  grant,
  grantRate,
  failOver,
  redisRestart,
  swap,
  claimGrowth,
  policy,
  cancel,
  renderOverhead,
  imageMemory,
];

const PLANS: Readonly<Record<BenchOptions['pace'], RoundsPlan>> = {
  full: { rounds: 11, passes: 20, warmUpPasses: 40, random: Math.random },
  quick: { rounds: 4, passes: 8, warmUpPasses: 20, random: Math.random },
};

const COUNTS: Readonly<Record<BenchOptions['pace'], Counts>> = {
  full: {
    kills: 1_000,
    outagesMs: [1_000, 5_000, 25_000],
    outageRepeats: 10,
    swaps: 30,
    streams: 200,
    streamRounds: 11,
    crowds: [500, 1_000],
    crowdRounds: 5,
    chats: 10_000,
    waiting: [10, 1_000, 100_000],
  },
  quick: {
    kills: 20,
    outagesMs: [1_000, 5_000],
    outageRepeats: 3,
    swaps: 4,
    streams: 200,
    streamRounds: 3,
    crowds: [500],
    crowdRounds: 2,
    chats: 2_000,
    waiting: [10, 1_000, 10_000],
  },
};

function say(text: string): void {
  process.stdout.write(`[bench] ${text}\n`);
}

/** Resolves with whether every figure could be measured. */
async function bench({ figures, pace, kills, streams: crowd }: BenchOptions): Promise<boolean> {
  const wanted = figures.length === 0 ? FIGURES : FIGURES.filter(({ name }) => figures.includes(name));
  const counts = {
    ...COUNTS[pace],
    ...(kills === null ? {} : { kills }),
    ...(crowd === null ? {} : { streams: crowd, crowds: [crowd] }),
  };
  const reports: Record<string, FigureReport> = {};
  for (const { name, title, run } of wanted) {
    say(name);
    try {
      const report = await run({ root: ROOT, plan: PLANS[pace], counts, say });
      reports[name] = report;
      process.stdout.write(`${renderReport(title, report)}\n`);
    } catch (error) {
      // One figure that cannot be had is no reason to do without the others.
      say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  say(`Written to ${write(pace, reports)}`);
  return Object.keys(reports).length === wanted.length;
}

/** Resolves with the name of the file. */
function write(pace: string, figures: Record<string, FigureReport>): string {
  const folder = join(ROOT, '.baton', 'bench');
  const at = new Date().toISOString();
  const machine = {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpus: cpus().map(({ model }) => model),
    load: loadavg(),
  };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${at.replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ at, pace, machine, figures }, null, 2)}\n`);
  return file;
}

/** Resolves with the exit code. A goal that was missed is a finding, not a failure of the measurement. */
async function main(): Promise<number> {
  try {
    const known = FIGURES.map(({ name }) => name);
    const options = readOptions(process.argv.slice(2), known);
    if (options === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    if (options === 'list') {
      for (const { name, title } of FIGURES) process.stdout.write(`${name.padEnd(NAME_WIDTH)}${title}\n`);
      return 0;
    }
    if (process.platform !== 'linux') throw new UsageError('The benchmarks read /proc and need Linux.');
    return (await bench(options)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main();
