import type { EngineName, Lane } from '@baton/contracts';

/**
 * What is particular to one engine's program. Every method talks to the engine at `url` and to nobody else; several may
 * run at once. The signal ends a wait with its reason.
 */
export interface EngineSoftware {
  readonly engine: EngineName;

  /** Whether it holds models in processes of their own, which can be ended without it. */
  readonly hasWorkers: boolean;

  /** Whether it answers requests. False for "not yet" and for any trouble; never rejects. */
  answers(url: string, signal: AbortSignal): Promise<boolean>;

  /** Names of the models in memory; empty where the program does not tell. */
  loadedModels(url: string, signal: AbortSignal): Promise<string[]>;

  /** Whether anything but what `keep` needs is in memory or running. Cheap; unsure counts as yes. */
  isHolding(url: string, keep: Lane | null, signal: AbortSignal): Promise<boolean>;

  /** Memory of the card that it says it holds; 0 where the program does not tell. */
  heldMib(url: string, signal: AbortSignal): Promise<number>;

  /**
   * Asks for all of the memory back and resolves when, by the engine's own word, nothing is left. Whether the card has the
   * memory is for the card to say. Work that still runs in Ollama is waited for, work in ComfyUI is interrupted. What it
   * resolves with is left, and no call will ever reach it.
   */
  free(url: string, signal: AbortSignal): Promise<readonly LeftBehind[]>;

  /**
   * Makes the lane usable at once: its model in memory. A load belongs to whoever asked first, and would be thrown away
   * with him: the signal is for giving up on an engine, not for changing one's mind.
   *
   * @throws AppError `model.unknown`, `engine.out_of_memory`, `engine.failed`
   */
  load(url: string, lane: Lane, signal: AbortSignal): Promise<LoadResult>;

  /** Whether work since then (epoch) has failed for want of memory, as far as the program still knows. */
  ranOutOfMemory(url: string, sinceMs: number, signal: AbortSignal): Promise<boolean>;
}

/** A model in memory that answers to no name any more: it was replaced or deleted on the disk while it was loaded. */
export interface LeftBehind {
  readonly model: string;
  /** Of the card. */
  readonly mib: number;
}

export interface LoadResult {
  /** `split`: a part of the model is in the computer's memory, and it will be slow. `unknown`: the program does not tell. */
  readonly placement: 'on_card' | 'split' | 'unknown';
  /** How much of it did not get onto the card. */
  readonly missingMib: number;
}

export const LOAD_UNKNOWN: LoadResult = { placement: 'unknown', missingMib: 0 };
