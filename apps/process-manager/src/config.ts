import { join } from 'node:path';
import { envBoolean, envInteger, envJson, envUrl, loadConfig, serviceEnv } from '@baton/platform';
import { z } from 'zod';

const command = envJson(
  z.array(z.string().min(1)).min(1, { error: 'must be a JSON list: program and arguments' }),
);

const mode = z.enum(['child', 'attached']).default('attached');
const start = z.enum(['boot', 'demand']).default('boot');
const startTimeout = envInteger({ default: 180, min: 1 });

export const environment = z
  .object({
    ...serviceEnv(),
    HTTP_PORT: envInteger({ default: 8_888, min: 0, max: 65_535 }),

    // Both engines are asked the same questions:
    //   MODE      child: started and stopped here; attached: it runs already, and is never stopped
    //   URL       of an attached engine (its usual port by default), or the fixed address of a child (a free port)
    //   COMMAND   of a child: a JSON list that no shell sees; {port} and {host} are filled in
    //   SIMULATED shown wherever the engine is shown
    //   START     boot: a child runs from the start on, with none of the card's memory; demand: at its first turn
    //   START_TIMEOUT_SECONDS until it must answer
    OLLAMA_MODE: mode,
    OLLAMA_URL: envUrl().optional(),
    OLLAMA_COMMAND: command.optional(),
    OLLAMA_SIMULATED: envBoolean(false),
    OLLAMA_START: start,
    OLLAMA_START_TIMEOUT_SECONDS: startTimeout,
    COMFYUI_MODE: mode,
    COMFYUI_URL: envUrl().optional(),
    COMFYUI_COMMAND: command.optional(),
    COMFYUI_SIMULATED: envBoolean(false),
    COMFYUI_START: start,
    COMFYUI_START_TIMEOUT_SECONDS: startTimeout,

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
    /** What engines and other programs may keep on a card that counts as free. */
    GPU_RESIDUE_MIB: envInteger({ default: 1_024, min: 0 }),
    /** How long ComfyUI may take to end the prompt of a lease that is over; then it is stopped. */
    REVOKE_TIMEOUT_SECONDS: envInteger({ default: 25, min: 1, max: 25 }),
    SWAP_FREE_TIMEOUT_SECONDS: envInteger({ default: 20, min: 1 }),
    SWAP_VERIFY_TIMEOUT_SECONDS: envInteger({ default: 15, min: 2 }),
    SWAP_LOAD_TIMEOUT_SECONDS: envInteger({ default: 600, min: 10 }),
  })
  .superRefine((env, context) => {
    for (const prefix of ['OLLAMA', 'COMFYUI'] as const) {
      if (env[`${prefix}_MODE`] === 'attached' || env[`${prefix}_COMMAND`] !== undefined) continue;
      const message = `is needed for ${prefix}_MODE=child`;
      context.addIssue({ code: 'custom', path: [`${prefix}_COMMAND`], message });
    }
  });

const USUAL_URL = { OLLAMA: 'http://127.0.0.1:11434', COMFYUI: 'http://127.0.0.1:8188' } as const;

export interface EngineConfig {
  readonly mode: 'child' | 'attached';
  /** Null for a child on a port that is chosen at each start. */
  readonly url: string | null;
  readonly command: readonly string[];
  readonly isSimulated: boolean;
  readonly startsAtBoot: boolean;
  readonly startTimeoutMs: number;
}

/** What an engine has no business to know. */
const SECRET_NAMES = /^(BATON_|DB_|REDIS_|JWT_)|SECRET|PASSWORD|TOKEN/;

export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const parsed = loadConfig(environment, env);
  const engineConfig = (prefix: 'OLLAMA' | 'COMFYUI'): EngineConfig => ({
    mode: parsed[`${prefix}_MODE`],
    url: parsed[`${prefix}_URL`] ?? (parsed[`${prefix}_MODE`] === 'attached' ? USUAL_URL[prefix] : null),
    command: parsed[`${prefix}_COMMAND`] ?? [],
    isSimulated: parsed[`${prefix}_SIMULATED`],
    startsAtBoot: parsed[`${prefix}_START`] === 'boot',
    startTimeoutMs: parsed[`${prefix}_START_TIMEOUT_SECONDS`] * 1_000,
  });
  const dataDir = join(parsed.BATON_DATA_DIR, 'process-manager');
  return Object.freeze({
    node: parsed.BATON_NODE,
    http: { host: parsed.HTTP_HOST, port: parsed.HTTP_PORT },
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
    },
    ollama: {
      ...engineConfig('OLLAMA'),
      contextLength: parsed.OLLAMA_CONTEXT_LENGTH,
      keepAlive: parsed.OLLAMA_KEEP_ALIVE === '-1' ? -1 : parsed.OLLAMA_KEEP_ALIVE,
    },
    comfyui: engineConfig('COMFYUI'),
    card: {
      simulatedUrl: parsed.SIM_CARD_URL ?? null,
      nvidiaSmi: parsed.NVIDIA_SMI,
      index: parsed.GPU_INDEX,
      residueMib: parsed.GPU_RESIDUE_MIB,
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
