import { readFileSync } from 'node:fs';

/** Linux tells processor time in hundredths of a second, whatever the kernel counts in. */
const US_PER_TICK = 10_000;

/** Processor time that a process has used so far, all threads, user and system, microseconds. @throws ENOENT */
export function cpuUsOf(pid: number): number {
  return parseCpuUs(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

export function parseCpuUs(stat: string): number {
  // The second field is the program's name in parentheses and may hold anything; 14 and 15 are user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK;
}
