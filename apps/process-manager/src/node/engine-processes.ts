import { readFile, stat } from 'node:fs/promises';
import type { EngineName } from '@baton/contracts';
import { RUN_VARIABLE } from '../drivers/engine-runs.store.ts';
import { listProcesses, readProcess } from '../drivers/process-table.ts';
import { listenersOf } from './listeners-of-port.ts';

export interface EngineAddress {
  readonly engine: EngineName;
  readonly url: string;
}

interface Root {
  readonly pid: number;
  readonly startTime: number;
}

/** A process tree deeper than this is a loop of reused ids. */
const DEEPEST = 32;

/**
 * How an engine is known when its process may not be looked into (a service of another user, a container): by what is
 * called like it. Docker's own listener stands for whatever is behind it.
 */
const LOOKS: Readonly<Record<EngineName, RegExp>> = {
  ollama: /(^|[/\0])(ollama|llama-server)(\.exe)?\0/,
  comfyui: /comfyui|(^|[/\0])main\.py\0/i,
};
const STANDS_FOR_ANOTHER = /^docker-pr/;

/** Tells whether a process of this machine belongs to one of our engines, however the engine was started. */
export class EngineProcesses {
  private readonly addresses: () => readonly EngineAddress[];
  private readonly roots = new Map<string, readonly Root[]>();

  /** The addresses of the engines that answer now. */
  constructor(addresses: () => readonly EngineAddress[]) {
    this.addresses = addresses;
  }

  /**
   * Which of these processes are none of an engine's: neither the one that listens at its address nor anything that one
   * has started. A process that has ended is no stranger either: its memory is on the way back, or its ids are those of
   * another namespace. Null where there is no process table to tell by.
   */
  async strangers(pids: readonly number[]): Promise<ReadonlySet<number> | null> {
    const all = await Promise.all(this.addresses().map((address) => this.rootsOf(address)));
    if (all.includes(null)) return null;
    const roots = new Set(all.flatMap((found) => (found ?? []).map(({ pid }) => pid)));
    const isKnown = await Promise.all(
      pids.map(async (pid) => (await isGoneOrOurs(pid)) || descends(pid, roots)),
    );
    return new Set(pids.filter((_, index) => !isKnown[index]));
  }

  private async rootsOf({ engine, url }: EngineAddress): Promise<readonly Root[] | null> {
    const known = this.roots.get(url);
    if (known !== undefined && known.length > 0 && (await areAlive(known))) return known;
    const found = await findRoots(engine, new URL(url));
    if (found !== null) this.roots.set(url, found);
    return found;
  }
}

async function findRoots(engine: EngineName, url: URL): Promise<readonly Root[] | null> {
  const listeners = await listenersOf(Number(url.port));
  if (listeners === null) return null;
  const roots: Root[] = [];
  for (const { pid, userId } of listeners) {
    const entry = pid === null ? null : await readProcess(pid);
    if (entry === null || STANDS_FOR_ANOTHER.test(await programOf(entry.pid))) {
      roots.push(...(await lookalikes(engine, entry === null ? userId : null)));
    } else {
      roots.push({ pid: entry.pid, startTime: entry.startTime });
    }
  }
  return roots;
}

/** `userId` null: whoever runs it. */
async function lookalikes(engine: EngineName, userId: number | null): Promise<Root[]> {
  const found = await Promise.all(
    (await listProcesses()).map(async ({ pid, startTime }) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (!LOOKS[engine].test(command)) return null;
      const owner = await stat(`/proc/${pid}`).catch(() => null);
      return userId === null || owner?.uid === userId ? { pid, startTime } : null;
    }),
  );
  return found.filter((root) => root !== null);
}

async function areAlive(roots: readonly Root[]): Promise<boolean> {
  const entries = await Promise.all(roots.map(({ pid }) => readProcess(pid)));
  return entries.every((entry, index) => entry?.startTime === roots[index]?.startTime);
}

/** What we started carries a mark, so that it is known while its parent is ending, and before it listens. */
async function isGoneOrOurs(pid: number): Promise<boolean> {
  const entry = await readProcess(pid);
  if (entry === null || entry.isZombie) return true;
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').some((variable) => variable.startsWith(`${RUN_VARIABLE}=`));
}

async function descends(pid: number, roots: ReadonlySet<number>): Promise<boolean> {
  let at = pid;
  for (let depth = 0; depth < DEEPEST && at > 1; depth += 1) {
    if (roots.has(at)) return true;
    const entry = await readProcess(at);
    if (entry === null) return false;
    at = entry.parent;
  }
  return roots.has(at);
}

async function programOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
}
