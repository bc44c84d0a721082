import type { EngineName, GpuStatus, SwapPhase, TimelineEntry } from '@baton/contracts';

type NamedEngine = EngineName | TimelineEntry['lane']['engine'];

/** `local` is a name of our own; people know it by where it computes. */
export const ENGINE_NAMES: Readonly<Record<NamedEngine, string>> = {
  ollama: 'Ollama',
  comfyui: 'ComfyUI',
  local: 'CPU',
};

/** Always in the same order: they report in the order in which they changed. */
export function inOrder(engines: GpuStatus['engines']): GpuStatus['engines'] {
  return engines.toSorted((one, other) => other.engine.localeCompare(one.engine));
}

export const SWAP_PHASES: readonly SwapPhase[] = ['drain', 'free', 'verify', 'start', 'load', 'ready'];

/** Where the baton is drawn between Ollama (0) and ComfyUI (1); null while nobody has it and it goes nowhere. */
export function batonPlace(status: GpuStatus): number | null {
  const end = (engine: EngineName): number => (engine === 'ollama' ? 0 : 1);
  const { swap, holder } = status;
  if (swap === null) return holder === null ? null : end(holder.engine);
  // From an empty card, or between two models of one engine, there is no way to go.
  const to = swap.to ?? swap.from;
  if (to === null) return null;
  const from = swap.from ?? to;
  const share = (SWAP_PHASES.indexOf(swap.phase) + 0.5) / SWAP_PHASES.length;
  return end(from.engine) + (end(to.engine) - end(from.engine)) * share;
}
