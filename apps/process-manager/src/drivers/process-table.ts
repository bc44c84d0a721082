import { readFile, readdir } from 'node:fs/promises';

/** One line of the kernel's process table, as far as it tells whether a process is ours. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Clock ticks since boot: with the pid it names one process for ever. */
  readonly startTime: number;
  readonly isZombie: boolean;
}

/** Every process of this machine; empty where there is no /proc. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  let names: string[];
  try {
    names = await readdir('/proc');
  } catch {
    return [];
  }
  const entries = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))),
  );
  return entries.filter((entry) => entry !== null);
}

/** Null when there is no such process, or no /proc. */
export async function readProcess(pid: number): Promise<ProcessEntry | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return null;
  }
}

/** The program's name is in parentheses and may itself hold spaces and parentheses: fields count from the last one. */
export function parseStat(stat: string): ProcessEntry | null {
  const pid = Number.parseInt(stat, 10);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const startTime = fields[19];
  if (Number.isNaN(pid) || group === undefined || startTime === undefined) return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    startTime: Number(startTime),
    isZombie: state === 'Z',
  };
}

/** True when the process was started with this variable; false when it is gone or belongs to somebody else. */
export async function hasVariable(pid: number, name: string, value: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    return environment.split('\0').includes(`${name}=${value}`);
  } catch {
    return false;
  }
}
