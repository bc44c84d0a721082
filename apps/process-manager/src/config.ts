import { join } from 'node:path';
import { envBoolean, envInteger, envUrl, loadConfig, serviceEnv } from '@baton/platform/config';
import { z } from 'zod';
import { checkEngines, engineConfig, engineVariables } from './engine-environment.ts';

export const environment = z
  .object({
    ...serviceEnv(),
    HTTP_PORT: envInteger({ default: 8_888, min: 0, max: 65_535 }),

    ...engineVariables,

    /** Opens `GET /status`, `POST /switch` and the rest to whoever shows it, from anywhere. */
    PROCESS_MANAGER_TOKEN: z.string().min(16, { error: 'must have at least 16 characters' }).optional(),

    /** Ollama's own variable. Everybody who loads a model uses this figure: another one would load it again. */
    OLLAMA_CONTEXT_LENGTH: envInteger({ default: 8_192, min: 512 }),
    /** How long a model stays in memory without use, as Ollama takes it. A swap unloads it in any case. */
    OLLAMA_KEEP_ALIVE: z
      .string()
      .regex(/^(-1|\d+(\.\d+)?(ms|s|m|h))$/, { error: 'must be like 30m, or -1 for ever' })
      .default('30m'),

    /** Address of the simulated card. Without it the driver is asked through `nvidia-smi`, if there is one. */
    SIM_CARD_URL: envUrl().optional(),
    NVIDIA_SMI: z.string().default('nvidia-smi'),
    /** Which card, as `nvidia-smi -i` takes it. */
    GPU_INDEX: z.string().default('0'),
    /** false: the card's memory is not looked at, and the engines are taken at their word. */
    GPU_MONITOR_ENABLED: envBoolean(true),
    /** Seconds between two looks at the card while nothing happens. */
    GPU_MONITOR_INTERVAL: envInteger({ default: 2, min: 1, max: 60 }),
    /** Percent of the card: a warning when more is in use while nobody has the GPU. */
    GPU_VRAM_THRESHOLD: envInteger({ default: 90, min: 1, max: 100 }),
    /** MiB that must be free for a card to count as free for the next engine. */
    GPU_MIN_FREE_VRAM_MB: envInteger({ default: 1_024, min: 0 }),
    /** Both engines stay in memory where their measured needs and GPU_MIN_FREE_VRAM_MB fit the card together. */
    GPU_SOFT_SHARING: envBoolean(false),
    /** What engines and other programs may keep on a card that counts as free. */
    GPU_RESIDUE_MIB: envInteger({ default: 1_024, min: 0 }),
    /** How long ComfyUI may take to end the prompt of a lease that is over; then it is stopped. */
    REVOKE_TIMEOUT_SECONDS: envInteger({ default: 25, min: 1, max: 25 }),
    SWAP_FREE_TIMEOUT_SECONDS: envInteger({ default: 20, min: 1 }),
    SWAP_VERIFY_TIMEOUT_SECONDS: envInteger({ default: 15, min: 2 }),
    SWAP_LOAD_TIMEOUT_SECONDS: envInteger({ default: 600, min: 10 }),
  })
  .superRefine((env, context) => {
    checkEngines(env, (name, message) => context.addIssue({ code: 'custom', path: [name], message }));
  });

/** What an engine has no business to know. */
const SECRET_NAMES = /^(BATON_|DB_|REDIS_|JWT_)|SECRET|PASSWORD|TOKEN|_KEY(_|$)/;

export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const parsed = loadConfig(environment, env);
  const dataDir = join(parsed.BATON_DATA_DIR, 'process-manager');
  return Object.freeze({
    node: parsed.BATON_NODE,
    http: { host: parsed.HTTP_HOST, port: parsed.HTTP_PORT },
    httpToken: parsed.PROCESS_MANAGER_TOKEN ?? null,
    rpc: { host: parsed.RPC_HOST, port: parsed.RPC_PORT },
    platform: {
      redisUrl: parsed.REDIS_URL,
      internalSecret: parsed.BATON_INTERNAL_SECRET,
      logLevel: parsed.LOG_LEVEL,
    },
    files: {
      fence: join(dataDir, 'fence.json'),
      runs: join(dataDir, 'engines.json'),
      models: join(dataDir, 'models.json'),
      footprints: join(dataDir, 'footprints.json'),
    },
    ollama: {
      ...engineConfig(parsed, 'OLLAMA'),
      contextLength: parsed.OLLAMA_CONTEXT_LENGTH,
      keepAlive: parsed.OLLAMA_KEEP_ALIVE === '-1' ? -1 : parsed.OLLAMA_KEEP_ALIVE,
    },
    comfyui: engineConfig(parsed, 'COMFYUI'),
    card: {
      simulatedUrl: parsed.SIM_CARD_URL ?? null,
      nvidiaSmi: parsed.NVIDIA_SMI,
      index: parsed.GPU_INDEX,
      residueMib: parsed.GPU_RESIDUE_MIB,
      isWatched: parsed.GPU_MONITOR_ENABLED,
      intervalMs: parsed.GPU_MONITOR_INTERVAL * 1_000,
      thresholdPercent: parsed.GPU_VRAM_THRESHOLD,
      minFreeMib: parsed.GPU_MIN_FREE_VRAM_MB,
      isShared: parsed.GPU_SOFT_SHARING,
    },
    guard: { revokeTimeoutMs: parsed.REVOKE_TIMEOUT_SECONDS * 1_000 },
    swap: {
      freeMs: parsed.SWAP_FREE_TIMEOUT_SECONDS * 1_000,
      verifyMs: parsed.SWAP_VERIFY_TIMEOUT_SECONDS * 1_000,
      loadMs: parsed.SWAP_LOAD_TIMEOUT_SECONDS * 1_000,
    },
    engineEnvironment: engineEnvironment(env),
  });
}

export type ProcessManagerConfig = ReturnType<typeof readConfig>;

function engineEnvironment(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !SECRET_NAMES.test(name)) kept[name] = value;
  }
  return kept;
}
