import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { firstDifference, type TraceLine } from './trace.ts';

/**
 * I8: recorded traces, one fact a line, that must come out bit by bit as they were recorded. A change of the policy changes
 * them, and its author records them anew on purpose: `apps/gpu-scheduler/src/golden-traces.ts`.
 */
const FOLDER = join(import.meta.dirname, 'golden');

function read(name: string): TraceLine[] {
  const lines = readFileSync(join(FOLDER, name), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as TraceLine);
}

test.each(readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl')))(
  '%s comes out as it was recorded',
  (name) => {
    const trace = read(name);
    expect(trace.length).toBeGreaterThan(50);
    expect(firstDifference(trace)).toBeNull();
  },
);

test('a trace in which one effect was different is told apart', () => {
  const trace = read('a-day.jsonl');
  const at = trace.findIndex(
    (line) => line.is === 'fact' && line.effects.some((effect) => effect.do === 'grant'),
  );
  const line = trace[at];
  if (line?.is !== 'fact') throw new Error('nobody was granted anything');
  trace[at] = { ...line, effects: [] };
  expect(firstDifference(trace)?.line).toBe(at);
});
