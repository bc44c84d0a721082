import type { FaultSwitchboard } from '../control/faults.ts';
import type { Executor } from './executor.ts';
import type { PromptQueue, QueueItem } from './prompt-queue.ts';
import { WorkerDied } from './prompt.ts';
import type { COMFYUI_FAULTS, ComfyuiSettings } from './settings.ts';
import type { SocketHub } from './socket-hub.ts';
import type { Vram } from './vram.ts';
import type { WorkTime } from './work-time.ts';

const MIB = 1_048_576;

export interface WorkerParts {
  readonly queue: PromptQueue;
  readonly executor: Executor;
  readonly hub: SocketHub;
  readonly vram: Vram;
  readonly time: WorkTime;
  readonly settings: ComfyuiSettings;
  readonly faults: FaultSwitchboard<typeof COMFYUI_FAULTS>;
  /** Called for every prompt that came to its good end. */
  readonly onSuccess?: (item: QueueItem) => void;
}

/**
 * The one thread that runs prompts, and frees memory between them. Resolves when the signal aborts or when the
 * worker dies of an exception that nothing catches; the queue then keeps its running item for ever.
 */
export async function runWorker(parts: WorkerParts, signal: AbortSignal): Promise<'stopped' | 'died'> {
  const { queue, executor, hub, faults, time } = parts;
  try {
    for (;;) {
      const item = await queue.take(signal);
      if (item !== null) {
        const window = faults.strike('lostInterrupt');
        if (window) await time.pass(window.ms);
        const run = await executor.execute(item);
        if (run.status.completed) parts.onSuccess?.(item);
        queue.finish(item, run);
        if (executor.owner !== null)
          hub.send(executor.owner, 'executing', { node: null, prompt_id: item[1] });
      }
      await free(parts);
    }
  } catch (cause) {
    if (signal.aborted) return 'stopped';
    if (cause instanceof WorkerDied) return 'died';
    throw cause;
  }
}

async function free({ queue, executor, vram, settings, faults, time }: WorkerParts): Promise<void> {
  const { unloadModels, freeMemory } = queue.takeFlags();
  if (!unloadModels) return;
  if (faults.strike('freeIgnored')) return;
  const slow = faults.strike('slowFree');
  await time.pass(settings.freeMs + (slow?.ms ?? 0));
  // With --highvram the models are "detached" to where they are; only dropping the loaders' outputs frees them.
  if (freeMemory || !settings.highVram) await vram.unloadAll();
  if (freeMemory) executor.reset();
  const kept = faults.peek('freeKeeps');
  if (kept) await vram.keepForPack(kept.mib * MIB);
}
