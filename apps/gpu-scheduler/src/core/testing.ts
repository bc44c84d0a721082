import type { Effect, GpuState, Settings } from './state.ts';
import { createState } from './state.ts';
import { onNodeReport, type NodeReport } from './node.ts';
import type { Arrival } from './facts.ts';
import type { Lane } from './lane-queue.ts';

/** What the specs of the core have in common. */

export const IMAGES: Lane = { key: 'comfyui', engine: 'comfyui' };
export const LLAMA: Lane = { key: 'ollama:main:llama', engine: 'ollama' };
export const QWEN: Lane = { key: 'ollama:main:qwen', engine: 'ollama' };

/** Those of config.ts when nothing is set; a spec compares. */
export const SETTINGS: Settings = {
  priority: { comfyui: 10, ollama: 5 },
  ollamaSlots: 1,
  maxTurnMs: { comfyui: 120_000, ollama: 180_000 },
  maxLaneVisitMs: 60_000,
  maxTurnGrowth: 3,
  agedAfterMs: { comfyui: 200_000, ollama: 200_000 },
  backgroundAgedMs: 1_800_000,
  fairnessHalfLifeMs: 900_000,
  restoreHome: true,
  restoreAfterIdleMs: 2_000,
  prefetchAfterIdleMs: 10_000,
  retryPauseMs: 1_000,
  maxRetryPauseMs: 30_000,
  maxSwapFailures: 3,
  awayPatienceMs: 300_000,
  maxWaiting: 10_000,
  maxWaitingPerUser: 500,
  maxRunningPerUser: 0,
  maxExpectedWaitMs: 10_800_000,
};

export function report(state: GpuState, owner: Lane | null, over: Partial<NodeReport> = {}): NodeReport {
  return {
    bootId: 'boot-1',
    highestFence: state.fence,
    owner,
    swap: null,
    lastSwap: null,
    askedAtTurn: state.nodeTurns,
    ...over,
  };
}

/** A state whose node is there, with `owner` resident. */
export function startedState(owner: Lane | null, settings: Partial<Settings> = {}): GpuState {
  const state = createState({ settings: { ...SETTINGS, ...settings }, term: '1', fence: 0, nowMs: 0 });
  onNodeReport(state, report(state, owner), 0);
  return state;
}

export function job(id: string, lane: Lane, over: Partial<Arrival> = {}): Arrival {
  return { id, lane, userId: 1, estimateMs: 5_000, submittedAtMs: 0, ...over };
}

/** Effects as short words: `grant a`, `swap comfyui job_waiting`, `close 1-1 cancelled`. */
export function words(effects: readonly Effect[]): string[] {
  return effects.map((effect) => {
    switch (effect.do) {
      case 'grant':
        return `grant ${effect.job.id}`;
      case 'startSwap':
        return `swap ${effect.swap.to?.key ?? 'nothing'} ${effect.reason}`;
      case 'close':
        return `close ${effect.leaseId} ${effect.revoke ?? 'released'}`;
      case 'finish':
        return `finish ${effect.job.id} ${effect.ending.code ?? effect.ending.outcome}`;
      case 'end':
        return `end ${effect.job.id} ${effect.ending.code ?? effect.ending.outcome}`;
      case 'orderDone':
        return `order ${effect.orderId} ${effect.code ?? effect.outcome}`;
    }
  });
}
