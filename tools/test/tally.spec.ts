import { expect, test } from '@jest/globals';
import { readJestReport, renderTable, tallyOf, withExitCode } from './tally.ts';

test('a test file that could not run counts as a failure', () => {
  const report = { numPassedTests: 5, numFailedTests: 1, numRuntimeErrorTestSuites: 2 };
  expect(readJestReport(report)).toEqual({ passed: 5, failed: 3 });
});

test('a runner that crashed after a green report has failed', () => {
  expect(withExitCode({ passed: 5, failed: 0 }, 137)).toEqual({ passed: 5, failed: 1 });
  expect(withExitCode({ passed: 5, failed: 2 }, 1)).toEqual({ passed: 5, failed: 2 });
});

test('the last line is the sum over every runner', () => {
  const table = renderTable([
    { name: 'lint', ms: 1_200, ...tallyOf(true) },
    { name: 'unit', ms: 3_400, passed: 10, failed: 2 },
  ]);
  expect(table.split('\n').at(-1)).toBe('11 passed, 2 failed');
  expect(table).toMatch(/ok +lint[^]*FAILED +unit/);
});
