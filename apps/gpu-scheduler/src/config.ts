import {
  envAddress,
  envBoolean,
  envInteger,
  envNodes,
  loadConfig,
  serviceEnv,
  type NodeAddress,
} from '@baton/platform/config';
import { z } from 'zod';
import type { Settings } from './core/state.ts';

/** Turns of Ollama visit several models, one after the other; together they may take this many times one visit. */
const VISITS_PER_TOUR = 3;

export const schedulerEnv = z.object({
  ...serviceEnv(),
  /** TCP edge of the process-manager, host:port. */
  PROCESS_MANAGER_ADDRESS: envAddress(),
  /** Several GPUs: their names and process-managers. Without it the one of BATON_NODE and PROCESS_MANAGER_ADDRESS. */
  GPU_NODES: envNodes(),
  /** Larger is more urgent: that engine gets the next turn when both have somebody waiting. */
  GPU_PRIORITY_COMFYUI: envInteger({ default: 10, min: 0, max: 1_000 }),
  GPU_PRIORITY_OLLAMA: envInteger({ default: 5, min: 0, max: 1_000 }),
  /** How long ComfyUI goes on taking images once a chat waits, in seconds. */
  GPU_MAX_VISIT_SECONDS_COMFYUI: envInteger({ default: 120, min: 1, max: 3_600 }),
  /** How long one model of Ollama goes on taking chats once somebody else waits, in seconds. */
  GPU_MAX_VISIT_SECONDS_OLLAMA: envInteger({ default: 60, min: 1, max: 3_600 }),
  /** How many times longer turns may get under load, so that less of a busy GPU's time goes into swaps. */
  GPU_MAX_VISIT_GROWTH: envInteger({ default: 3, min: 1, max: 10 }),
  /** Who has been passed over this long goes first, however much GPU time they have had, in seconds. */
  GPU_AGED_AFTER_SECONDS: envInteger({ default: 200, min: 1, max: 86_400 }),
  /** Background work (batches) that has waited this long counts as work that somebody waits for, in seconds. */
  GPU_BACKGROUND_AGED_SECONDS: envInteger({ default: 1_800, min: 1, max: 604_800 }),
  /** GPU time that somebody has used counts half after this time, in seconds. */
  GPU_FAIRNESS_HALF_LIFE_SECONDS: envInteger({ default: 900, min: 10, max: 604_800 }),
  /** Requests that may wait for the GPU, all together and of one person; 0 is no limit. */
  GPU_MAX_WAITING: envInteger({ default: 10_000, min: 0, max: 1_000_000 }),
  GPU_MAX_WAITING_PER_USER: envInteger({ default: 500, min: 0, max: 1_000_000 }),
  /** Leases that one person may hold at a time where several share the model; 0 is no limit. */
  GPU_MAX_RUNNING_PER_USER: envInteger({ default: 0, min: 0, max: 64 }),
  /** A request that would wait longer is refused and told how long, in seconds; 0 is no limit. */
  GPU_MAX_EXPECTED_WAIT_SECONDS: envInteger({ default: 10_800, min: 0, max: 604_800 }),
  /** Leases that share an Ollama visit. Worth raising only together with OLLAMA_NUM_PARALLEL of the server. */
  OLLAMA_MAX_CONCURRENT: envInteger({ default: 1, min: 1, max: 1_024 }),
  /** When nobody needs the GPU after ComfyUI: load the last language model again. */
  GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI: envBoolean(true),
  /** After how long without work that happens, in milliseconds. */
  GPU_RESTORE_DELAY_MS: envInteger({ default: 2_000, min: 0, max: 600_000 }),
  /** After how long without work a model that is asked for more often replaces the resident one, in seconds. */
  GPU_PREFETCH_AFTER_SECONDS: envInteger({ default: 10, min: 1, max: 86_400 }),
  /** How long a job waits for a GPU that is not there (no process-manager), in seconds; then it fails. */
  GPU_WAIT_TIMEOUT: envInteger({ default: 300, min: 1, max: 86_400 }),
  /** Visits that the history keeps; older ones are forgotten. */
  GPU_HISTORY_LIMIT: envInteger({ default: 5_000, min: 10, max: 1_000_000 }),
});

export type SchedulerEnv = z.output<typeof schedulerEnv>;

export interface SchedulerConfig {
  readonly http: { readonly host: string; readonly port: number };
  readonly rpc: { readonly host: string; readonly port: number };
  readonly platform: {
    readonly redisUrl: string;
    readonly internalSecret: string;
    readonly logLevel: string;
  };
  readonly scheduler: {
    /** One loop runs for each. */
    readonly nodes: readonly Pick<NodeAddress, 'node' | 'address'>[];
    readonly settings: Settings;
    readonly historyLimit: number;
  };
}

export function toConfig(env: SchedulerEnv): SchedulerConfig {
  const laneVisitMs = env.GPU_MAX_VISIT_SECONDS_OLLAMA * 1_000;
  return {
    http: { host: env.HTTP_HOST, port: env.HTTP_PORT },
    rpc: { host: env.RPC_HOST, port: env.RPC_PORT },
    platform: {
      redisUrl: env.REDIS_URL,
      internalSecret: env.BATON_INTERNAL_SECRET,
      logLevel: env.LOG_LEVEL,
    },
    scheduler: {
      nodes: env.GPU_NODES ?? [{ node: env.BATON_NODE, address: env.PROCESS_MANAGER_ADDRESS }],
      historyLimit: env.GPU_HISTORY_LIMIT,
      settings: {
        priority: { comfyui: env.GPU_PRIORITY_COMFYUI, ollama: env.GPU_PRIORITY_OLLAMA },
        ollamaSlots: env.OLLAMA_MAX_CONCURRENT,
        maxTurnMs: {
          comfyui: env.GPU_MAX_VISIT_SECONDS_COMFYUI * 1_000,
          ollama: VISITS_PER_TOUR * laneVisitMs,
        },
        maxLaneVisitMs: laneVisitMs,
        maxTurnGrowth: env.GPU_MAX_VISIT_GROWTH,
        agedAfterMs: {
          comfyui: env.GPU_AGED_AFTER_SECONDS * 1_000,
          ollama: env.GPU_AGED_AFTER_SECONDS * 1_000,
        },
        backgroundAgedMs: env.GPU_BACKGROUND_AGED_SECONDS * 1_000,
        fairnessHalfLifeMs: env.GPU_FAIRNESS_HALF_LIFE_SECONDS * 1_000,
        restoreHome: env.GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI,
        restoreAfterIdleMs: env.GPU_RESTORE_DELAY_MS,
        prefetchAfterIdleMs: env.GPU_PREFETCH_AFTER_SECONDS * 1_000,
        retryPauseMs: 1_000,
        maxRetryPauseMs: 30_000,
        maxSwapFailures: 3,
        awayPatienceMs: env.GPU_WAIT_TIMEOUT * 1_000,
        maxWaiting: env.GPU_MAX_WAITING,
        maxWaitingPerUser: env.GPU_MAX_WAITING_PER_USER,
        maxRunningPerUser: env.GPU_MAX_RUNNING_PER_USER,
        maxExpectedWaitMs: env.GPU_MAX_EXPECTED_WAIT_SECONDS * 1_000,
      },
    },
  };
}

export function readConfig(): SchedulerConfig {
  return Object.freeze(toConfig(loadConfig(schedulerEnv)));
}
