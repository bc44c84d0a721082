import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Figure, FigureReport } from './figure.ts';
import { firstToken } from './first-token.ts';
import { idleMemory } from './idle-memory.ts';
import { HELP, UsageError, readOptions } from './options.ts';
import type { BenchOptions } from './options.ts';
import { policy } from './policy.ts';
import type { RoundsPlan } from './rounds.ts';
import { renderReport } from './table.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const FIGURES: readonly Figure[] = [idleMemory, firstToken, policy];

const PLANS: Readonly<Record<BenchOptions['pace'], RoundsPlan>> = {
  full: { rounds: 11, passes: 20, warmUpPasses: 40, random: Math.random },
  quick: { rounds: 4, passes: 8, warmUpPasses: 20, random: Math.random },
};

function say(text: string): void {
  process.stdout.write(`[bench] ${text}\n`);
}

async function bench({ figures, pace }: BenchOptions): Promise<void> {
  const wanted = figures.length === 0 ? FIGURES : FIGURES.filter(({ name }) => figures.includes(name));
  const reports: Record<string, FigureReport> = {};
  for (const { name, title, run } of wanted) {
    say(name);
    const report = await run({ root: ROOT, plan: PLANS[pace], say });
    reports[name] = report;
    process.stdout.write(`${renderReport(title, report)}\n`);
  }
  say(`Written to ${write(pace, reports)}`);
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
    if (process.platform !== 'linux') throw new UsageError('The benchmarks read /proc and need Linux.');
    await bench(options);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main();
