import type { Engine } from '../lane-queue.ts';
import type { Settings } from '../state.ts';

/** What a bound depends on besides the settings. */
export interface Worst {
  readonly swapMs: number;
  readonly workMs: Readonly<Record<Engine, number>>;
  /** Language models that anybody asks for. */
  readonly models: number;
  /** Users who ask for the same lane. */
  readonly users: number;
}

/** Once both engines have had a turn, each as long as it can be, with every swap and the last job of each. */
function roundMs({ maxTurnMs, maxTurnGrowth }: Settings, { swapMs, workMs }: Worst): number {
  const images = swapMs + maxTurnMs.comfyui * maxTurnGrowth + workMs.comfyui;
  // Its gate closes late, and a visit that begins just before its end still serves one.
  const chats = swapMs + 2 * swapMs + maxTurnMs.ollama * maxTurnGrowth + swapMs + 2 * workMs.ollama;
  return images + chats;
}

/**
 * I4, for whoever has nothing else waiting in the lane: nobody is passed over for longer than `agedAfterMs`; from then on
 * every other user goes first at most once; each visit serves at least one; and each model is visited once in so many rounds.
 */
export function longestWaitMs(settings: Settings, engine: Engine, worst: Worst): number {
  const visitMs = worst.swapMs + settings.maxLaneVisitMs + worst.workMs.ollama;
  const visitsPerTurn = Math.max(1, Math.ceil(settings.maxTurnMs.ollama / visitMs));
  const roundsPerVisit = engine === 'ollama' ? Math.ceil(worst.models / visitsPerTurn) : 1;
  const round = roundMs(settings, worst);
  return settings.agedAfterMs[engine] + round + worst.users * roundsPerVisit * round;
}

/** The usual case: a chat that comes during a turn of images, with `ahead` chats before it, all of which fit into a visit. */
export function usualChatWaitMs(settings: Settings, worst: Worst, ahead: number): number {
  const { maxTurnMs, maxTurnGrowth, maxLaneVisitMs, ollamaSlots } = settings;
  const images = maxTurnMs.comfyui * maxTurnGrowth + worst.workMs.comfyui + worst.swapMs;
  const otherModels = (worst.models - 1) * (worst.swapMs + maxLaneVisitMs + worst.workMs.ollama);
  return images + otherModels + Math.ceil(ahead / ollamaSlots) * worst.workMs.ollama;
}
