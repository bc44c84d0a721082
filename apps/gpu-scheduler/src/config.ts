import { envAddress, envBoolean, envInteger, loadConfig, serviceEnv } from '@baton/platform';
import { z } from 'zod';
import type { Settings } from './core/state.ts';

/** Turns of Ollama visit several models, one after the other; together they may take this many times one visit. */
const VISITS_PER_TOUR = 3;

export const schedulerEnv = z.object({
  ...serviceEnv(),
  /** TCP edge of the process-manager, host:port. */
  PROCESS_MANAGER_ADDRESS: envAddress(),
  /** Larger is more urgent: that engine gets the next turn when both have somebody waiting. */
  GPU_PRIORITY_COMFYUI: envInteger({ default: 10, min: 0, max: 1_000 }),
  GPU_PRIORITY_OLLAMA: envInteger({ default: 5, min: 0, max: 1_000 }),
  /** How long ComfyUI goes on taking images once a chat waits, in seconds. */
  GPU_MAX_VISIT_SECONDS_COMFYUI: envInteger({ default: 120, min: 1, max: 3_600 }),
  /** How long one model of Ollama goes on taking chats once somebody else waits, in seconds. */
  GPU_MAX_VISIT_SECONDS_OLLAMA: envInteger({ default: 60, min: 1, max: 3_600 }),
  /** Leases that share an Ollama visit. Worth raising only together with OLLAMA_NUM_PARALLEL of the server. */
  OLLAMA_MAX_CONCURRENT: envInteger({ default: 1, min: 1, max: 64 }),
  /** When nobody needs the GPU after ComfyUI: load the last language model again. */
  GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI: envBoolean(true),
  /** After how long without work that happens, in milliseconds. */
  GPU_RESTORE_DELAY_MS: envInteger({ default: 2_000, min: 0, max: 600_000 }),
  /** How long a job waits for a GPU that is not there (no process-manager), in seconds; then it fails. */
  GPU_WAIT_TIMEOUT: envInteger({ default: 300, min: 1, max: 86_400 }),
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
    readonly node: string;
    readonly processManager: string;
    readonly settings: Settings;
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
      node: env.BATON_NODE,
      processManager: env.PROCESS_MANAGER_ADDRESS,
      settings: {
        priority: { comfyui: env.GPU_PRIORITY_COMFYUI, ollama: env.GPU_PRIORITY_OLLAMA },
        ollamaSlots: env.OLLAMA_MAX_CONCURRENT,
        maxTurnMs: {
          comfyui: env.GPU_MAX_VISIT_SECONDS_COMFYUI * 1_000,
          ollama: VISITS_PER_TOUR * laneVisitMs,
        },
        maxLaneVisitMs: laneVisitMs,
        restoreHome: env.GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI,
        restoreAfterIdleMs: env.GPU_RESTORE_DELAY_MS,
        retryPauseMs: 1_000,
        maxRetryPauseMs: 30_000,
        maxSwapFailures: 3,
        awayPatienceMs: env.GPU_WAIT_TIMEOUT * 1_000,
      },
    },
  };
}

export function readConfig(): SchedulerConfig {
  return Object.freeze(toConfig(loadConfig(schedulerEnv)));
}
