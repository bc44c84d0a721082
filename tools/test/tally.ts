import { z } from 'zod';

/** What one runner found. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

export interface Result extends Tally {
  readonly name: string;
  readonly ms: number;
}

const jestReport = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  /** Files that broke before or after their tests: not compiled, or left something open. */
  numRuntimeErrorTestSuites: z.int(),
});

/** Counts of a Jest run, out of its JSON report. A file that could not run, or leaked, counts as one failure. */
export function readJestReport(report: unknown): Tally {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = jestReport.parse(report);
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
}

/** A program that says only yes or no counts as one test; so does a runner whose report is missing. */
export function tallyOf(hasPassed: boolean): Tally {
  return hasPassed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * Counts of a runner with a report. A runner that failed although its report shows no failure (it crashed, or was
 * ended) counts as one failure: nothing red may look green.
 */
export function withExitCode(tally: Tally, exitCode: number): Tally {
  return exitCode !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

/** The closing table; its last line is the verdict and nothing else. */
export function renderTable(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const rows = results.map(({ name, passed, failed, ms }) => {
    const verdict = failed === 0 ? 'ok    ' : 'FAILED';
    const counts = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
    return `  ${verdict}  ${name.padEnd(width)}  ${counts}  ${(ms / 1_000).toFixed(1).padStart(7)} s`;
  });
  const { passed, failed } = totals(results);
  return ['', ...rows, '', `${passed} passed, ${failed} failed`].join('\n');
}

export function totals(results: readonly Tally[]): Tally {
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.reduce((sum, { failed }) => sum + failed, 0),
  };
}
