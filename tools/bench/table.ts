import type { FigureReport } from './figure.ts';

/** A figure's table and what it means, for a terminal. */
export function renderReport(title: string, { table, verdicts, notes }: FigureReport): string {
  return [
    '',
    title,
    ...renderTable(table).map((line) => `  ${line}`),
    ...verdicts.map(({ goal, measured, holds }) => `  ${WORDS[String(holds)]}  ${goal}: ${measured}`),
    ...notes.map((note) => `  ${note}`),
    '',
  ].join('\n');
}

const WORDS: Readonly<Record<string, string>> = { true: 'HOLDS  ', false: 'MISSED ', null: 'UNKNOWN' };

/** First column to the left, figures to the right. */
export function renderTable(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('   ')
      .trimEnd(),
  );
}
