import type { ReplayReport } from './replay.ts';
import { MEASURE_HEADING, foresightLines, measureCells, nameOf, renderTable } from './report.ts';

/** What really happened beside what each policy would have made of the same arrivals. */
export function renderReplay(report: ReplayReport): string {
  const rows = [
    ['as it was', ...measureCells(report.recorded)],
    ...report.policies.map((row) => [nameOf(row), ...measureCells(row.measures)]),
  ];
  const left = report.unfinished === 0 ? '' : `, ${report.unfinished} unfinished left out`;
  const chats = report.slots === 1 ? 'one chat at a time' : `up to ${report.slots} chats at once`;
  return [
    '',
    `Replay of ${report.jobs} jobs in ${report.hours.toFixed(1)} h, ${chats}${left}`,
    ...renderTable([[...MEASURE_HEADING], ...rows]).map((line) => `  ${line}`),
    ...foresightLines(report.policies),
    '',
  ].join('\n');
}
