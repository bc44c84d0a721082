import { cellName } from './cells.ts';
import { isClean, repeatCommand } from './result.ts';
import type { RunResult } from './result.ts';

const HEADING = [
  'fault',
  'state',
  'runs',
  'reached',
  'overlaps',
  'lost',
  'doubles',
  'recovery p50',
  'max ms',
];

/** What the campaign found, a line for each fault and state; then the sums, how the messages ended, and every failure. */
export function renderCampaign(results: readonly RunResult[]): string {
  const cells = new Map<string, RunResult[]>();
  for (const result of results) {
    const name = cellName(result.cell);
    cells.set(name, [...(cells.get(name) ?? []), result]);
  }
  const rows = [...cells.values()].map((runs) => {
    const { fault = '', state = '' } = runs[0]?.cell ?? {};
    return [fault, fault === 'none' ? '' : state, ...figuresOf(runs)];
  });
  return [
    '',
    ...columns([HEADING, ...rows, ['all', '', ...figuresOf(results)]]),
    '',
    'Recovery: from the end of the fault until a question that was asked at that moment had been answered.',
    `Messages: ${describeEndings(results)}`,
    ...results.filter((result) => !isClean(result)).flatMap(describeFailure),
    '',
  ].join('\n');
}

export function describeFailure(result: RunResult): string[] {
  const { cell, what, overlaps, lost, doubles, recoveryMs } = result;
  return [
    `FAILED ${cellName(cell)} (${what || 'nothing was broken'})`,
    ...(overlaps > 0 ? [`  ${overlaps} times two engines were loaded at once`] : []),
    ...lost.map((text) => `  lost: ${text}`),
    ...doubles.map((text) => `  double: ${text}`),
    ...(recoveryMs === null ? ['  nobody was answered afterwards'] : []),
    `  again: ${repeatCommand(result)}`,
  ];
}

function figuresOf(runs: readonly RunResult[]): string[] {
  const sum = (of: (run: RunResult) => number): string =>
    String(runs.reduce((total, run) => total + of(run), 0));
  const recoveries = runs.flatMap(({ recoveryMs }) => (recoveryMs === null ? [] : [recoveryMs]));
  const sorted = recoveries.toSorted((a, b) => a - b);
  const never = runs.length > recoveries.length;
  return [
    String(runs.length),
    sum(({ reached }) => (reached ? 1 : 0)),
    sum(({ overlaps }) => overlaps),
    sum(({ lost }) => lost.length),
    sum(({ doubles }) => doubles.length),
    String(sorted[Math.floor((sorted.length - 1) / 2)] ?? '-'),
    never ? 'never' : String(sorted.at(-1) ?? '-'),
  ];
}

function describeEndings(results: readonly RunResult[]): string {
  const sums = new Map<string, number>();
  for (const { endings } of results) {
    for (const [name, count] of Object.entries(endings)) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

/** The first two columns to the left, figures to the right. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADING.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
