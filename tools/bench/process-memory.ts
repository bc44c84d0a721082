import { readFileSync, readdirSync } from 'node:fs';

/** Memory of one process or of several, MiB. PSS counts a page that n processes share as one n-th in each. */
export interface Memory {
  readonly rssMib: number;
  readonly pssMib: number;
}

export interface ChildProcess {
  readonly pid: number;
  readonly command: readonly string[];
}

/** Reads what the kernel says of a process. @throws ENOENT when there is no such process (or no Linux) */
export function memoryOf(pid: number): Memory {
  return parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
}

export function parseRollup(text: string): Memory {
  const mib = (field: string): number => {
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kib === undefined) throw new Error(`smaps_rollup has no ${field}`);
    return Number(kib) / 1_024;
  };
  return { rssMib: mib('Rss'), pssMib: mib('Pss') };
}

export function sumOf(memories: readonly Memory[]): Memory {
  return memories.reduce(
    (sum, { rssMib, pssMib }) => ({ rssMib: sum.rssMib + rssMib, pssMib: sum.pssMib + pssMib }),
    { rssMib: 0, pssMib: 0 },
  );
}

/** Every process below `pid`, children of children too. */
export function descendantsOf(pid: number): ChildProcess[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (root: number): number[] =>
    (children.get(root) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid).flatMap((child) => {
    const command = commandOf(child);
    return command === null ? [] : [{ pid: child, command }];
  });
}

function parentOf(pid: number): number | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields?.[1] === undefined ? null : Number(fields[1]);
}

function commandOf(pid: number): string[] | null {
  const text = readOrNull(`/proc/${pid}/cmdline`);
  return text === null || text === '' ? null : text.replace(/\0$/, '').split('\0');
}

/** Null for a process that ended meanwhile. */
function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
