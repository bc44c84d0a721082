import type { PolicyReport } from './campaign.ts';
import type { Measures } from './metrics.ts';
import type { ReplayReport } from './replay.ts';
import { foresightLines, renderTable, seconds } from './report.ts';

const HEADING = [
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

/** What really happened beside what each policy would have made of the same arrivals. */
export function renderReplay(report: ReplayReport): string {
  const rows = [
    cells('as it was', report.recorded),
    ...report.policies.map((row) => cells(nameOf(row), row.measures)),
  ];
  const left = report.unfinished === 0 ? '' : `, ${report.unfinished} unfinished left out`;
  const chats = report.slots === 1 ? 'one chat at a time' : `up to ${report.slots} chats at once`;
  return [
    '',
    `Replay of ${report.jobs} jobs in ${report.hours.toFixed(1)} h, ${chats}${left}`,
    ...renderTable([HEADING, ...rows]).map((line) => `  ${line}`),
    ...foresightLines(report.policies),
    '',
  ].join('\n');
}

function nameOf({ policy, detail }: PolicyReport): string {
  return detail === null ? policy : `best of 49: ${detail}`;
}

function cells(name: string, { image, chat, meanWaitS, swapsPerHour, useful }: Measures): string[] {
  const waits = [image.p50S, image.p95S, image.maxS, chat.p50S, chat.p95S, chat.maxS, meanWaitS];
  return [name, ...waits.map(seconds), swapsPerHour.toFixed(0), useful.toFixed(2)];
}
