import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import {
  envAddress,
  envBoolean,
  envInteger,
  envKeepAlive,
  envNodes,
  envNumber,
  envUrl,
  loadConfig,
  nodeGuards,
  serviceEnv,
} from '@baton/platform';
import { databaseConfig, databaseEnv } from '@baton/platform/database';
import { z } from 'zod';
import { readInstances } from './places/instances.ts';

export const chatServiceEnv = z.object({
  ...serviceEnv(),
  ...databaseEnv(),
  /** `host:port` of the process-manager's calls. */
  PROCESS_MANAGER_ADDRESS: envAddress(),
  /** The process-manager's HTTP address: the guard in front of the engines. */
  PROCESS_MANAGER_API_URL: envUrl().default('http://127.0.0.1:8888'),
  /** Several GPUs, each with its guard. Without it the one of BATON_NODE and PROCESS_MANAGER_API_URL. */
  GPU_NODES: envNodes(),
  /** Of the GPU node: an OLLAMA_URL_1 with the same address describes it, and is no server of its own. */
  OLLAMA_URL: envUrl().default('http://127.0.0.1:11434'),
  /** Answers at a time on the GPU node, as the scheduler is told: shown, and used to compare servers. */
  OLLAMA_MAX_CONCURRENT: envInteger({ default: 1, min: 1, max: 1_024 }),
  /** Where the pictures are that a model is shown. */
  IMAGE_SERVICE_ADDRESS: envAddress(),
  IMAGE_SERVICE_URL: envUrl(),
  /** How long a deleted chat stays in the database. */
  CHAT_PURGE_DAYS: envInteger({ default: 30, min: 1, max: 36_500 }),
  /** Without a key nothing is searched for on the web. */
  TAVILY_API_KEY: z.string().optional(),
  /** Another server that speaks Tavily's API. */
  TAVILY_URL: envUrl().default('https://api.tavily.com'),
  /** Answers of one batch that are under way at the same time. */
  BATCH_RUNNING: envInteger({ default: 2, min: 1, max: 64 }),
  OLLAMA_DEFAULT_MODEL: z.string().default('gpt-oss:20b'),
  /** Tokens of context: the same for every request, since another number makes Ollama load the model again. */
  OLLAMA_CONTEXT_LENGTH: envInteger({ default: 8_192, min: 512, max: 1_048_576 }),
  /** How long a model stays loaded without use, as Ollama takes it. A swap unloads it in any case. */
  OLLAMA_KEEP_ALIVE: envKeepAlive('30m'),
  /** Silence before the first token: reading a long prompt, or a model that must be loaded again. */
  OLLAMA_TIMEOUT_FIRST_TOKEN_SECONDS: envInteger({ default: 180, min: 1 }),
  /** Silence between two tokens. */
  OLLAMA_TIMEOUT_STALL_SECONDS: envInteger({ default: 60, min: 1 }),
  /** Whether a question that was answered before is answered from Redis. */
  ENABLE_CACHING: envBoolean(true),
  OLLAMA_CACHING_TTL_HOURS: envNumber({ default: 24, min: 0.01, max: 8_760 }),
  CACHE_SHARED_BETWEEN_USERS: envBoolean(false),
  /** Whether a model makes the titles of new chats. */
  CHAT_TITLES: envBoolean(true),
  /** The CPU engine's model; without it there is no CPU engine. */
  LOCAL_MODEL_PATH: z
    .string()
    .regex(/\.gguf$/i, { error: 'must be the path of a .gguf file' })
    .transform((path) => resolve(path))
    .optional(),
  LOCAL_CONTEXT_LENGTH: envInteger({ default: 4_096, min: 512, max: 131_072 }),
  /** 0: half of the processors, see docs/decisions/2026-11-21-cpu-engine.md. */
  LOCAL_THREADS: envInteger({ default: 0, min: 0, max: 256 }),
  LOCAL_IDLE_SECONDS: envInteger({ default: 300, min: 1, max: 86_400 }),
  LOCAL_MAX_CONCURRENT: envInteger({ default: 1, min: 1, max: 8 }),
});

export type ChatServiceConfig = ReturnType<typeof readConfig>;

export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const values = loadConfig(chatServiceEnv, env);
  const instances = readInstances(env, values.OLLAMA_URL);
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
    webSearch: {
      apiKey: values.TAVILY_API_KEY ?? null,
      url: values.TAVILY_URL.replace(/\/+$/, ''),
    },
    batches: { running: values.BATCH_RUNNING },
    processManagerAddress: values.PROCESS_MANAGER_ADDRESS,
    purge: { keepDays: values.CHAT_PURGE_DAYS },
    imageService: { address: values.IMAGE_SERVICE_ADDRESS, url: values.IMAGE_SERVICE_URL },
    models: {
      defaultModel: values.OLLAMA_DEFAULT_MODEL,
      mainUrl: values.OLLAMA_URL,
      mainMaxConcurrent: values.OLLAMA_MAX_CONCURRENT,
      mainProfiles: instances.main,
      instances: instances.elsewhere,
    },
    cache: {
      isEnabled: values.ENABLE_CACHING,
      isShared: values.CACHE_SHARED_BETWEEN_USERS,
      ttlSeconds: Math.round(values.OLLAMA_CACHING_TTL_HOURS * 3_600),
    },
    titles: { isEnabled: values.CHAT_TITLES },
    local: {
      modelPath: values.LOCAL_MODEL_PATH ?? null,
      contextLength: values.LOCAL_CONTEXT_LENGTH,
      threads: values.LOCAL_THREADS === 0 ? usualThreads() : values.LOCAL_THREADS,
      idleMs: values.LOCAL_IDLE_SECONDS * 1_000,
      maxConcurrent: values.LOCAL_MAX_CONCURRENT,
    },
    modelAdmin: {
      processManagerUrl: values.PROCESS_MANAGER_API_URL,
      contextLength: values.OLLAMA_CONTEXT_LENGTH,
      keepAlive: values.OLLAMA_KEEP_ALIVE,
    },
    replies: {
      contextLength: values.OLLAMA_CONTEXT_LENGTH,
      keepAlive: values.OLLAMA_KEEP_ALIVE,
      firstTokenMs: values.OLLAMA_TIMEOUT_FIRST_TOKEN_SECONDS * 1_000,
      stallMs: values.OLLAMA_TIMEOUT_STALL_SECONDS * 1_000,
    },
  });
}

/** Threads of llama.cpp wait for each other by spinning: one too many for the machine, and each token takes 100 times as long. */
function usualThreads(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}
