import type { PolicyReport, ScenarioReport } from './campaign.ts';
import type { Verdict } from './goals.ts';
import { composite, type Measures } from './metrics.ts';

/** Columns that every table of waits begins with: the name of a row, then its `measureCells`. */
export const MEASURE_HEADING: readonly string[] = [
  'wait in s',
  'image p50',
  'p95',
  'max',
  'chat p50',
  'p95',
  'max',
  'mean',
  'swaps/h',
  'useful',
];
const HEADING = [...MEASURE_HEADING, 'Jain', 'score'];

/** A scenario as a table for a terminal: a row for each policy and one for the bound. */
export function renderScenario(report: ScenarioReport): string {
  const best = report.policies.find(({ policy }) => policy === 'best') ?? null;
  const rows = report.policies.map((row) => [...cells(row, best), ...extraCells(row, report)]);
  const table = [[...HEADING, ...extraHeading(report)], ...rows, ...boundRow(report)];
  const lines = renderTable(table).map((line) => `  ${line}`);
  const heading = `${report.name}: ${report.title} (${report.seeds} seeds of ${report.hours} h, ${report.jobs} jobs)`;
  return ['', heading, ...lines, ...foresightLines(report.policies), ''].join('\n');
}

export function renderGoals(verdicts: readonly Verdict[]): string {
  const words = { true: 'HOLDS ', false: 'MISSED', null: '  -   ' };
  return [
    '',
    'Goals (SCHEDULING.md, 4)',
    ...verdicts.map(({ goal, measured, holds }) => `  ${words[`${holds}`]}  ${goal}: ${measured}`),
    '',
  ].join('\n');
}

/** First column to the left, figures to the right. */
export function renderTable(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function seconds(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}

function cells(row: PolicyReport, best: PolicyReport | null): string[] {
  const { measures } = row;
  return [
    nameOf(row),
    ...measureCells(measures),
    measures.fairness.toFixed(2),
    best === null ? '-' : (composite(measures) / composite(best.measures)).toFixed(2),
  ];
}

export function nameOf({ policy, detail }: PolicyReport): string {
  return detail === null ? policy : `best of 49: ${detail}`;
}

export function measureCells({ image, chat, meanWaitS, swapsPerHour, useful }: Measures): string[] {
  const waits = [image.p50S, image.p95S, image.maxS, chat.p50S, chat.p95S, chat.maxS, meanWaitS];
  return [...waits.map(seconds), swapsPerHour.toFixed(0), useful.toFixed(2)];
}

function extraHeading({ othersImageAloneS, makespanBoundS, policies }: ScenarioReport): string[] {
  const hasBackground = policies.some(({ measures }) => measures.backgroundS !== null);
  return [
    ...(othersImageAloneS !== null ? ["others' image p95"] : []),
    ...(makespanBoundS === null ? [] : ['makespan/bound']),
    ...(hasBackground ? ['batch done in'] : []),
  ];
}

function extraCells(
  { measures }: PolicyReport,
  { othersImageAloneS, makespanBoundS }: ScenarioReport,
): string[] {
  const others = othersImageAloneS !== null ? [seconds(measures.othersImage.p95S)] : [];
  const { makespanS, backgroundS } = measures;
  const overBound = makespanBoundS === null ? [] : [(makespanS / makespanBoundS).toFixed(2)];
  return [...others, ...overBound, ...(backgroundS === null ? [] : [seconds(backgroundS)])];
}

function boundRow({ solo, othersImageAloneS }: ScenarioReport): string[][] {
  if (solo === null) return [];
  const waits = ['', seconds(solo.imageP95S), '', '', seconds(solo.chatP95S)];
  const others = othersImageAloneS === null ? [] : ['', '', '', '', '', '', seconds(othersImageAloneS)];
  return [['each class alone, no swaps', ...waits, ...others]];
}

/** How well a policy foresaw the waits, and how many it turned away. */
export function foresightLines(policies: readonly PolicyReport[]): string[] {
  return policies.flatMap(({ policy, foresight, measures }) => {
    const told = foresight === null ? [] : [expectationLine(policy, foresight)];
    return measures.refused > 0 ? [...told, `  ${policy}: ${measures.refused} jobs turned away`] : told;
  });
}

function expectationLine(policy: string, told: NonNullable<PolicyReport['foresight']>): string {
  const error = told.medianError === null ? '-' : `${(100 * told.medianError).toFixed(0)} %`;
  const covered = (100 * told.coverage).toFixed(0);
  return `  ${policy}: ${covered} % of ${told.count} waits within the p90 told at arrival; median error over 10 s: ${error}`;
}
