import type { TimelineEntry } from '@baton/contracts';

/** What happened to one message, step by step, in the order of time; one line per use of the GPU and per swap phase. */
export function renderTimeline(entries: readonly TimelineEntry[]): string[] {
  return entries.flatMap((entry) => [
    line(
      1,
      `queued for ${entry.lane.engine}${entry.lane.model === null ? '' : ` (${entry.lane.model})`}`,
      entry.queued_ms,
    ),
    ...swapLines(entry.swap),
    line(1, entry.lane.engine === 'comfyui' ? 'first step' : 'first token', entry.first_ms),
    line(1, 'done', entry.total_ms),
  ]);
}

function swapLines(swap: TimelineEntry['swap']): string[] {
  if (swap === null) return [];
  const from = swap.from?.engine ?? 'an empty card';
  const to = swap.to?.engine ?? 'an empty card';
  return [
    line(2, `of that, swap from ${from} to ${to}`, swap.total_ms),
    ...swap.phases.map(({ phase, ms }) => line(3, phase, ms)),
  ];
}

const WIDTH = 52;

function line(depth: number, what: string, ms: number | null): string {
  const figure = ms === null ? 'none' : `${ms.toLocaleString('en')} ms`;
  return `${`${'  '.repeat(depth)}${what}`.padEnd(WIDTH)}${figure.padStart(12)}`;
}
