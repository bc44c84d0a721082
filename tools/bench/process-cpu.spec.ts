import { expect, test } from '@jest/globals';
import { cpuUsOf, parseCpuUs } from './process-cpu.ts';

test('user and system time are added, whatever the program is called', () => {
  const stat = '12 (a ) b) R 1 12 12 0 -1 4194304 100 0 0 0 150 50 7 7 20 0 1 0 100 0 0';
  expect(parseCpuUs(stat)).toBe(2_000_000);
});

test('a process that works is seen to work', () => {
  const before = cpuUsOf(process.pid);
  const until = process.cpuUsage().user + 60_000;
  while (process.cpuUsage().user < until) Math.sqrt(until);
  expect(cpuUsOf(process.pid)).toBeGreaterThan(before);
});
