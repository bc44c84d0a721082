import { join } from 'node:path';
import { provideNeededPrograms } from './needed-programs.ts';
import { STOP_SIGNALS, allStages } from './runners.ts';
import { runStage } from './stages.ts';
import { renderTable, totals } from './tally.ts';
import type { Result } from './tally.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** As shells report a program that a Ctrl-C ended. */
const INTERRUPTED = 130;

function say(text: string): void {
  process.stdout.write(`[test] ${text}\n`);
}

/** Runs every runner, whatever the ones before it found. Resolves with the exit code. */
async function main(): Promise<number> {
  const missing = await provideNeededPrograms(say);
  if (missing.length > 0) {
    for (const line of missing) say(line);
    return 1;
  }
  const interrupted = new AbortController();
  // The runner under way is told as well, ends and tidies up; nothing is started after it.
  for (const signal of STOP_SIGNALS) process.on(signal, () => interrupted.abort());
  const results: Result[] = [];
  for (const stage of allStages(ROOT)) {
    if (interrupted.signal.aborted) return INTERRUPTED;
    const watching = {
      say,
      write: (text: string | Uint8Array): void => void process.stdout.write(text),
      isInterrupted: () => interrupted.signal.aborted,
    };
    results.push(...(await runStage(stage, watching)));
  }
  if (interrupted.signal.aborted) return INTERRUPTED;
  process.stdout.write(`${renderTable(results)}\n`);
  return totals(results).failed === 0 ? 0 : 1;
}

process.exitCode = await main();
