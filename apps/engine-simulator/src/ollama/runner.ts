import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CardClient } from '../card/card-client.ts';
import { CardOutOfMemory } from '../card/ledger.ts';
import type { Ledger } from '../card/ledger.ts';
import type { SimulatedClock } from '../clock.ts';

/** What one `llama-server` takes from the card, and how long that lasts. */
export const loadPlan = z.object({
  label: z.string(),
  /** What all layers need; fewer go to the card when less is free. */
  wantedBytes: z.int().nonnegative(),
  contextBytes: z.int().nonnegative(),
  loadMs: z.number().nonnegative(),
  speed: z.number().positive(),
});

export type LoadPlan = z.infer<typeof loadPlan>;

/** One loaded model's process, real or played by this one. */
export interface RunnerProcess {
  readonly vramBytes: number;
  /** Kills it and resolves when it has gone; the driver may report its memory a little later. Idempotent. */
  kill(): Promise<void>;
  /** Resolves when it ends without `kill`. */
  readonly died: Promise<void>;
  work(state: 'busy' | 'idle'): void;
}

/**
 * Puts the model on the card, growing over the load time. Takes what is free when less than wanted is, as
 * `llama-server` fits its layers. Throws CardOutOfMemory when somebody takes the memory meanwhile, and the signal's
 * reason when it aborts; then nothing stays on the card.
 */
export async function loadOnto(
  card: string | Ledger,
  plan: LoadPlan,
  pace: { clock: SimulatedClock; signal: AbortSignal },
): Promise<{ client: CardClient; vramBytes: number }> {
  const { label, wantedBytes, contextBytes, loadMs } = plan;
  const client = await CardClient.connect(card, { engine: 'ollama', pid: process.pid, contextBytes });
  try {
    const vramBytes = Math.min(wantedBytes, (await client.usage()).freeBytes);
    const steps = Math.min(20, Math.max(4, Math.round(loadMs / 100)));
    const allocation = await client.alloc(label, 0);
    for (let step = 1; step <= steps; step += 1) {
      await pace.clock.sleep(loadMs / steps, pace.signal);
      await client.resize(allocation.id, (vramBytes * step) / steps);
    }
    return { client, vramBytes };
  } catch (cause) {
    await client.close();
    throw cause;
  }
}

/** The usual way: this process plays the child. Its memory goes when this process goes, however it ends. */
export async function startInline(
  card: string | Ledger,
  plan: LoadPlan,
  pace: { clock: SimulatedClock; signal: AbortSignal },
): Promise<RunnerProcess> {
  const { client, vramBytes } = await loadOnto(card, plan, pace);
  return {
    vramBytes,
    kill: () => client.close(),
    died: client.lost,
    // A card that went away is noticed by `died`; its utilisation no longer matters.
    work: (state) => void client.work(state).catch(() => undefined),
  };
}

/** What the child tells its parent. */
export const childReport = z.discriminatedUnion('is', [
  z.object({ is: z.literal('loaded'), vramBytes: z.number() }),
  z.object({ is: z.literal('outOfMemory'), wantedBytes: z.number(), freeBytes: z.number() }),
  z.object({ is: z.literal('failed'), message: z.string() }),
]);

export type ChildReport = z.infer<typeof childReport>;

/**
 * A real child process named `llama-server`, in this process's group and without a parent-death signal, exactly as
 * the real program has it: a SIGKILL of the parent leaves it behind with its memory.
 */
export async function startChild(card: string, plan: LoadPlan, signal: AbortSignal): Promise<RunnerProcess> {
  signal.throwIfAborted();
  const program = fileURLToPath(new URL(`./llama-server${extname(import.meta.url)}`, import.meta.url));
  const child = fork(program, [card, JSON.stringify(plan)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let isKilled = false;
  const kill = async (): Promise<void> => {
    isKilled = true;
    child.kill('SIGKILL');
    await exited;
  };
  const onAbort = (): void => void kill();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const vramBytes = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => {
        const report = childReport.parse(message);
        if (report.is === 'loaded') resolve(report.vramBytes);
        else if (report.is === 'outOfMemory')
          reject(new CardOutOfMemory(report.wantedBytes, report.freeBytes));
        else reject(new Error(report.message));
      });
      void exited.then(() => {
        reject(signal.aborted ? signal.reason : new Error('exit status 1'));
      });
    });
    return {
      vramBytes,
      kill,
      died: new Promise((resolve) => void exited.then(() => (isKilled ? undefined : resolve()))),
      work: (state) => {
        if (child.connected) child.send({ work: state });
      },
    };
  } catch (cause) {
    await kill();
    throw cause;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
