import { AppError, pause, type Clock } from '@baton/kernel';
import { RUN_VARIABLE, type EngineRun } from './engine-runs.store.ts';
import { hasVariable, listProcesses, type ProcessEntry } from './process-table.ts';

const GONE_TIMEOUT_MS = 5_000;
const POLL_MS = 10;

/**
 * The living processes of one run: the leader by pid and start time, its process group while the leader lives, and
 * whoever carries the run's id in its environment, in whatever group. A recycled pid or group fits none of these.
 */
export async function processesOf(run: EngineRun): Promise<ProcessEntry[]> {
  const alive = (await listProcesses()).filter((entry) => !entry.isZombie && entry.pid !== process.pid);
  const { leader } = run;
  const leads = (entry: ProcessEntry): boolean =>
    leader !== null && entry.pid === leader.pid && entry.startTime === leader.startTime;
  const isLeaderAlive = alive.some(leads);
  const ours = await Promise.all(
    alive.map(
      async (entry) =>
        leads(entry) ||
        (isLeaderAlive && entry.group === leader?.pid) ||
        (await hasVariable(entry.pid, RUN_VARIABLE, run.runId)),
    ),
  );
  return alive.filter((_, index) => ours[index]);
}

/**
 * Kills what is left of a run and resolves with how many processes that were, when none of them lives any more.
 *
 * @throws AppError `engine.failed` when one of them outlives SIGKILL (it hangs in the kernel, and may hold GPU memory)
 */
export async function killRun(run: EngineRun, clock: Clock): Promise<number> {
  const deadline = clock.monotonic() + GONE_TIMEOUT_MS;
  const killed = new Set<number>();
  for (;;) {
    const left = await processesOf(run);
    if (left.length === 0) return killed.size;
    if (clock.monotonic() > deadline) {
      throw new AppError('engine.failed', { engine: run.engine, survivors: left.map(({ pid }) => pid) });
    }
    for (const { pid } of left) {
      killed.add(pid);
      signalProcess(pid, 'SIGKILL');
    }
    await pause(clock, POLL_MS);
  }
}

/** A negative pid is a process group. One that is already gone is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}
