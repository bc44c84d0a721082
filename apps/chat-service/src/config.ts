import {
  envAddress,
  envInteger,
  envKeepAlive,
  envNodes,
  envUrl,
  loadConfig,
  nodeGuards,
  serviceEnv,
} from '@baton/platform';
import { databaseConfig, databaseEnv } from '@baton/platform/database';
import { z } from 'zod';

export const chatServiceEnv = z.object({
  ...serviceEnv(),
  ...databaseEnv(),
  /** `host:port` of the process-manager's calls. */
  PROCESS_MANAGER_ADDRESS: envAddress(),
  /** The process-manager's HTTP address: the guard in front of the engines. */
  PROCESS_MANAGER_API_URL: envUrl().default('http://127.0.0.1:8888'),
  /** Several GPUs, each with its guard. Without it the one of BATON_NODE and PROCESS_MANAGER_API_URL. */
  GPU_NODES: envNodes(),
  OLLAMA_DEFAULT_MODEL: z.string().default('gpt-oss:20b'),
  /** Tokens of context: the same for every request, since another number makes Ollama load the model again. */
  OLLAMA_CONTEXT_LENGTH: envInteger({ default: 8_192, min: 512, max: 1_048_576 }),
  /** How long a model stays loaded without use, as Ollama takes it. A swap unloads it in any case. */
  OLLAMA_KEEP_ALIVE: envKeepAlive('30m'),
  /** Silence before the first token: reading a long prompt, or a model that must be loaded again. */
  OLLAMA_TIMEOUT_FIRST_TOKEN_SECONDS: envInteger({ default: 180, min: 1 }),
  /** Silence between two tokens. */
  OLLAMA_TIMEOUT_STALL_SECONDS: envInteger({ default: 60, min: 1 }),
});

export type ChatServiceConfig = ReturnType<typeof readConfig>;

export function readConfig(env?: NodeJS.ProcessEnv) {
  const values = loadConfig(chatServiceEnv, env);
  return Object.freeze({
    service: {
      redisUrl: values.REDIS_URL,
      internalSecret: values.BATON_INTERNAL_SECRET,
      logLevel: values.LOG_LEVEL,
      http: { host: values.HTTP_HOST, port: values.HTTP_PORT },
      rpc: { host: values.RPC_HOST, port: values.RPC_PORT },
    },
    database: { config: databaseConfig(values, values.BATON_DATA_DIR), logSql: values.LOG_SQL },
    gpu: {
      nodes: nodeGuards(values.GPU_NODES, {
        node: values.BATON_NODE,
        guardBaseUrl: values.PROCESS_MANAGER_API_URL,
      }),
    },
    processManagerAddress: values.PROCESS_MANAGER_ADDRESS,
    models: { defaultModel: values.OLLAMA_DEFAULT_MODEL },
    replies: {
      contextLength: values.OLLAMA_CONTEXT_LENGTH,
      keepAlive: values.OLLAMA_KEEP_ALIVE,
      firstTokenMs: values.OLLAMA_TIMEOUT_FIRST_TOKEN_SECONDS * 1_000,
      stallMs: values.OLLAMA_TIMEOUT_STALL_SECONDS * 1_000,
    },
  });
}
