import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OllamaError } from './ollama-error.ts';

/** A model as it lies on disk. The two memory figures decide what it takes on the card. */
export const modelSpec = z.strictObject({
  /** Full name with tag, such as `phi3:latest`. */
  name: z.string().min(1).max(300),
  sizeBytes: z.number().int().positive(),
  family: z.string().default('llama'),
  parameterSize: z.string().default('7B'),
  parameterCount: z.number().int().positive().default(7_000_000_000),
  quantization: z.string().default('Q4_K_M'),
  /** What the model was trained for; a larger `num_ctx` is clamped to it. */
  contextLength: z.int().positive().default(8_192),
  embeddingLength: z.int().positive().default(4_096),
  /** KV cache, KiB per token of context and slot. */
  kvKibPerToken: z.number().nonnegative().default(64),
  capabilities: z
    .array(z.enum(['completion', 'tools', 'insert', 'vision', 'embedding', 'thinking']))
    .default(['completion']),
});

export type ModelSpec = z.infer<typeof modelSpec>;

export interface Model extends ModelSpec {
  /** Two names with one blob share a runner. */
  readonly blob: string;
  readonly digest: string;
  readonly modifiedAt: number;
}

const GIGA = 1_000_000_000;

/** What a household that chats, draws and codes on a 24 GB card has pulled. */
export const HOUSEHOLD_MODELS: readonly ModelSpec[] = [
  modelSpec.parse({
    name: 'gpt-oss:20b',
    sizeBytes: 13.0 * GIGA,
    family: 'gptoss',
    parameterSize: '20.9B',
    parameterCount: 20.9 * GIGA,
    quantization: 'MXFP4',
    contextLength: 131_072,
    embeddingLength: 2_880,
    kvKibPerToken: 24,
    capabilities: ['completion', 'tools', 'thinking'],
  }),
  modelSpec.parse({
    name: 'llava:13b',
    sizeBytes: 8.0 * GIGA,
    family: 'llama',
    parameterSize: '13B',
    parameterCount: 13 * GIGA,
    quantization: 'Q4_0',
    contextLength: 4_096,
    embeddingLength: 5_120,
    kvKibPerToken: 800,
    capabilities: ['completion', 'vision'],
  }),
  modelSpec.parse({
    name: 'qwen3-coder:30b',
    sizeBytes: 18.6 * GIGA,
    family: 'qwen3moe',
    parameterSize: '30.5B',
    parameterCount: 30.5 * GIGA,
    contextLength: 262_144,
    embeddingLength: 2_048,
    kvKibPerToken: 96,
    capabilities: ['completion', 'tools'],
  }),
  modelSpec.parse({
    name: 'phi3:latest',
    sizeBytes: 2.2 * GIGA,
    family: 'phi3',
    parameterSize: '3.8B',
    parameterCount: 3.8 * GIGA,
    quantization: 'Q4_0',
    contextLength: 131_072,
    embeddingLength: 3_072,
    kvKibPerToken: 384,
  }),
  modelSpec.parse({
    name: 'nomic-embed-text:latest',
    sizeBytes: 274_302_450,
    family: 'nomic-bert',
    parameterSize: '137M',
    parameterCount: 137_000_000,
    quantization: 'F16',
    contextLength: 2_048,
    embeddingLength: 768,
    kvKibPerToken: 0,
    capabilities: ['embedding'],
  }),
];

/**
 * Completes `[host/][namespace/]model[:tag]` with the tag that the real program would add. Null when it is no name.
 * Names are compared without regard to case.
 */
export function completeName(name: string): string | null {
  const bare = name
    .replace(/^(https?:\/\/)?registry\.ollama\.ai\//i, '')
    .replace(/^library\//i, '')
    .replace(/:local$/, '');
  if (!/^(\w[\w.-]*(:\d+)?\/)?(\w[\w.-]*\/)?\w[\w.-]*(:\w[\w.-]*)?$/.test(bare) || bare.length > 300)
    return null;
  return bare.slice(bare.lastIndexOf('/') + 1).includes(':') ? bare : `${bare}:latest`;
}

/** The models on the simulated disk, by name. */
export class ModelStore {
  readonly #models = new Map<string, Model>();

  constructor(specs: readonly ModelSpec[], now: number) {
    this.replaceAll(specs, now);
  }

  /** The first of the list is the newest. */
  replaceAll(specs: readonly ModelSpec[], now: number): void {
    this.#models.clear();
    const DAY_MS = 86_400_000;
    specs.forEach((spec, index) => this.add(spec, now - index * DAY_MS));
  }

  add(spec: ModelSpec, now: number): Model {
    const name = completeName(spec.name) ?? spec.name;
    const blob = sha256(`weights of ${name} ${spec.sizeBytes}`);
    const digest = sha256(`manifest of ${name} ${blob}`);
    const model: Model = { ...spec, name, blob, digest, modifiedAt: now };
    this.#models.set(name.toLowerCase(), model);
    return model;
  }

  find(name: string): Model | undefined {
    const full = completeName(name);
    return full === null ? undefined : this.#models.get(full.toLowerCase());
  }

  /** Newest first. */
  list(): Model[] {
    return [...this.#models.values()].sort((a, b) => b.modifiedAt - a.modifiedAt);
  }

  /** False when there is no such model. A loaded copy of it stays loaded. */
  delete(name: string): boolean {
    const model = this.find(name);
    return model !== undefined && this.#models.delete(model.name.toLowerCase());
  }

  /** The copy has the same weights, so it shares the runner. Throws OllamaError when the source is unknown. */
  copy(source: string, destination: string, now: number): void {
    const model = this.find(source);
    if (!model) throw new OllamaError(404, `model ${JSON.stringify(source)} not found`);
    const name = completeName(destination);
    if (name === null) throw new OllamaError(400, `destination ${JSON.stringify(destination)} is invalid`);
    this.#models.set(name.toLowerCase(), { ...model, name, modifiedAt: now });
  }
}

/** Bytes the card must give for all layers at this context, KV cache of every slot included. */
export function vramBytes(model: ModelSpec, contextLength: number, slots: number): number {
  return model.sizeBytes + Math.round(model.kvKibPerToken * 1_024 * contextLength * slots);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
