import { join, resolve } from 'node:path';
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
import { IMAGE_LIMITS } from '@baton/contracts';
import { z } from 'zod';
import type { S3Settings } from './files/s3-picture.storage.ts';
import type { FluxFiles } from './workflows/flux-workflows.ts';

const side = (byDefault: number) =>
  envInteger({ default: byDefault, min: IMAGE_LIMITS.minSide, max: IMAGE_LIMITS.maxSide }).refine(
    (pixels) => pixels % IMAGE_LIMITS.sideMultiple === 0,
    { error: `must be a multiple of ${IMAGE_LIMITS.sideMultiple}` },
  );

export const imageServiceEnv = z.object({
  ...serviceEnv(),
  ...databaseEnv(),
  /** `host:port` of chat-service's calls. */
  CHAT_SERVICE_ADDRESS: envAddress(),
  /** `host:port` of the process-manager's calls; without it graphs are checked at their first use only. */
  PROCESS_MANAGER_ADDRESS: envAddress().optional(),
  /** The process-manager's HTTP address: the guard in front of the engines. */
  PROCESS_MANAGER_API_URL: envUrl().default('http://127.0.0.1:8888'),
  /** Several GPUs, each with its guard. Without it the one of BATON_NODE and PROCESS_MANAGER_API_URL. */
  GPU_NODES: envNodes(),
  OLLAMA_CONTEXT_LENGTH: envInteger({ default: 8_192, min: 512, max: 1_048_576 }),
  /** How long a model stays loaded without use, as Ollama takes it. The same for all services. */
  OLLAMA_KEEP_ALIVE: envKeepAlive('30m'),
  /** Seconds for the language model to write a prompt. */
  OLLAMA_PROMPT_TIMEOUT: envInteger({ default: 120, min: 1 }),
  /** All-in-one checkpoint, with or without its ending. */
  COMFYUI_MODEL: z.string().min(1).default('flux1-dev-fp8'),
  /** Text encoders of a model in split files, like `clip_l.safetensors,t5xxl_fp16.safetensors`. */
  COMFYUI_TEXT_ENCODERS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
        .map(withEnding),
    )
    .refine((names) => names.length === 0 || names.length === 2, { error: 'must name two files, or none' }),
  COMFYUI_VAE: z.string().min(1).default('ae.safetensors'),
  /** A user's own graphs, exported with "Export (API)". */
  COMFYUI_WORKFLOW_PATH: z.string().optional(),
  COMFYUI_WORKFLOW_IMG2IMG_PATH: z.string().optional(),
  COMFYUI_WORKFLOW_UPSCALE_PATH: z.string().optional(),
  /** Describes pictures; when it is not installed, any model that can see does. */
  OLLAMA_VISION_MODEL: z.string().min(1).default('llava:13b'),
  /** Seconds for that. */
  OLLAMA_VISION_TIMEOUT: envInteger({ default: 30, min: 1 }),
  /** Seconds without any sign of life from ComfyUI after which a render is given up. */
  COMFYUI_TIMEOUT: envInteger({ default: 300, min: 5 }),
  /** Said with each picture. */
  COMFYUI_SIMULATED: envBoolean(false),
  /** Where picture files lie: a folder, or a bucket of an S3-compatible server. */
  IMAGE_STORAGE: z.enum(['local', 's3']).default('local'),
  /** Address of the server; without it Amazon's of the region. */
  IMAGE_S3_ENDPOINT: envUrl().optional(),
  IMAGE_S3_REGION: z.string().min(1).default('us-east-1'),
  IMAGE_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'must be the name of a bucket' })
    .optional(),
  /** In front of the names of all files, like `baton/pictures`. */
  IMAGE_S3_PREFIX: z
    .string()
    .regex(/^[\w-]+(\/[\w-]+)*\/?$|^$/, { error: 'must be words joined by slashes' })
    .default('')
    .transform((prefix) => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`)),
  /** Both or none; without them the client looks where Amazon's programs do. */
  IMAGE_S3_ACCESS_KEY_ID: z.string().optional(),
  IMAGE_S3_SECRET_ACCESS_KEY: z.string().optional(),
  /** The bucket in the path of addresses, as most servers want it. */
  IMAGE_S3_PATH_STYLE: envBoolean(true),
  /** Folder of the picture files; `images` in the data folder when left out. */
  IMAGE_STORAGE_PATH: z.string().optional(),
  IMAGE_DEFAULT_WIDTH: side(1_024),
  IMAGE_DEFAULT_HEIGHT: side(1_024),
  /** Pixels of an upload. */
  IMAGE_MAX_WIDTH_UPLOAD: envInteger({ default: 4_096, min: 64, max: 16_384 }),
  IMAGE_MAX_HEIGHT_UPLOAD: envInteger({ default: 4_096, min: 64, max: 16_384 }),
  /** The longer side of a picture as models are given it; the original is kept as it is. */
  IMAGE_MAX_SIZE_FOR_GENERATION: envInteger({ default: 1_024, min: 256, max: 4_096 }),
  /** MiB of the file of an upload. */
  IMAGE_MAX_UPLOAD_MB: envInteger({ default: 20, min: 1, max: 200 }),
  /** MiB of one person's pictures; 0 is no limit. */
  IMAGE_QUOTA_MB: envInteger({ default: 0, min: 0 }),
  /** Minutes from one search for files of deleted pictures to the next. */
  IMAGE_SWEEP_MINUTES: envNumber({ default: 60, min: 0.01, max: 10_080 }),
  IMAGE_STEPS: envInteger({ default: 20, min: 1, max: 100 }),
});

const imageServiceSettings = imageServiceEnv.superRefine((values, context) => {
  const complain = (name: keyof typeof values, message: string): void =>
    context.addIssue({ code: 'custom', path: [name], message });
  if (values.IMAGE_STORAGE === 's3' && values.IMAGE_S3_BUCKET === undefined) {
    complain('IMAGE_S3_BUCKET', 'is needed with IMAGE_STORAGE=s3');
  }
  const [key, secret] = [values.IMAGE_S3_ACCESS_KEY_ID, values.IMAGE_S3_SECRET_ACCESS_KEY];
  if ((key === undefined) !== (secret === undefined)) {
    complain(
      key === undefined ? 'IMAGE_S3_ACCESS_KEY_ID' : 'IMAGE_S3_SECRET_ACCESS_KEY',
      'goes with the other one',
    );
  }
});

export type ImageServiceConfig = ReturnType<typeof readConfig>;

export function readConfig(env?: NodeJS.ProcessEnv) {
  const values = loadConfig(imageServiceSettings, env);
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
    chatServiceAddress: values.CHAT_SERVICE_ADDRESS,
    /** Null with several GPUs: one ComfyUI does not speak for the others. */
    processManagerAddress: values.GPU_NODES === undefined ? (values.PROCESS_MANAGER_ADDRESS ?? null) : null,
    files: {
      s3: values.IMAGE_STORAGE === 's3' ? s3Settings(values) : null,
      folder: resolve(values.IMAGE_STORAGE_PATH ?? join(values.BATON_DATA_DIR, 'images')),
      upload: { maxWidth: values.IMAGE_MAX_WIDTH_UPLOAD, maxHeight: values.IMAGE_MAX_HEIGHT_UPLOAD },
      modelSide: values.IMAGE_MAX_SIZE_FOR_GENERATION,
      quotaBytes: values.IMAGE_QUOTA_MB * 1_048_576,
      sweepEveryMs: values.IMAGE_SWEEP_MINUTES * 60_000,
    },
    maxUploadBytes: values.IMAGE_MAX_UPLOAD_MB * 1_048_576,
    language: {
      contextLength: values.OLLAMA_CONTEXT_LENGTH,
      keepAlive: values.OLLAMA_KEEP_ALIVE,
      timeoutMs: values.OLLAMA_PROMPT_TIMEOUT * 1_000,
      visionTimeoutMs: values.OLLAMA_VISION_TIMEOUT * 1_000,
    },
    workflows: {
      files: fluxFiles(values),
      textPath: values.COMFYUI_WORKFLOW_PATH ?? null,
      imagePath: values.COMFYUI_WORKFLOW_IMG2IMG_PATH ?? null,
      upscalePath: values.COMFYUI_WORKFLOW_UPSCALE_PATH ?? null,
    },
    rendering: {
      model: values.COMFYUI_MODEL.replace(/\.(safetensors|ckpt|gguf)$/, ''),
      silenceMs: values.COMFYUI_TIMEOUT * 1_000,
      isSimulated: values.COMFYUI_SIMULATED,
      defaultWidth: values.IMAGE_DEFAULT_WIDTH,
      defaultHeight: values.IMAGE_DEFAULT_HEIGHT,
      steps: values.IMAGE_STEPS,
      visionModel: values.OLLAMA_VISION_MODEL,
      modelSide: values.IMAGE_MAX_SIZE_FOR_GENERATION,
    },
  });
}

function s3Settings(values: z.output<typeof imageServiceEnv>): S3Settings {
  const { IMAGE_S3_ACCESS_KEY_ID: accessKeyId, IMAGE_S3_SECRET_ACCESS_KEY: secretAccessKey } = values;
  return {
    endpoint: values.IMAGE_S3_ENDPOINT ?? null,
    region: values.IMAGE_S3_REGION,
    bucket: values.IMAGE_S3_BUCKET ?? '',
    prefix: values.IMAGE_S3_PREFIX,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? null : { accessKeyId, secretAccessKey },
    isPathStyle: values.IMAGE_S3_PATH_STYLE,
  };
}

/** Split files when text encoders are named, else one file with everything in it. */
function fluxFiles(values: z.output<typeof imageServiceEnv>): FluxFiles {
  const model = withEnding(values.COMFYUI_MODEL);
  const [first, second] = values.COMFYUI_TEXT_ENCODERS;
  if (first === undefined || second === undefined) return { kind: 'checkpoint', checkpoint: model };
  return { kind: 'split', diffusionModel: model, textEncoders: [first, second], vae: values.COMFYUI_VAE };
}

function withEnding(file: string): string {
  return /\.(safetensors|ckpt|gguf|sft)$/.test(file) ? file : `${file}.safetensors`;
}
