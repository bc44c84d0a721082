import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** In the environment of everything that one stack starts, however deep. */
export const STACK_VARIABLE = 'SYSTEM_TEST_STACK';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processes that carry the stack's mark, `pid: command`. Linux tells; elsewhere the list is empty. */
export async function processesOf(stackId: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Not ours to read, or gone between the two looks.
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      if (!environment.includes(`${STACK_VARIABLE}=${stackId}`)) return [];
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command === '' ? [] : [`${pid}: ${command.replaceAll('\0', ' ').trim()}`];
    }),
  );
  return found.flat();
}

/** Resolves when none of them runs; rejects with those that still do at the deadline. */
export async function allGone(stackId: string, pids: ReadonlySet<number>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = [...(await processesOf(stackId)), ...[...pids].filter(isAlive).map(String)];
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`The stack left processes behind:\n${left.join('\n')}`);
    await pause(20);
  }
}
