import { z } from 'zod';

/** A model server that needs the GPU. */
export const engineName = z.enum(['ollama', 'comfyui']);
export type EngineName = z.infer<typeof engineName>;

/**
 * What the GPU must be ready for: ComfyUI, or one model of one Ollama instance. Jobs of one lane can share a visit;
 * a change of lane costs a swap (or, between models of one instance, a model change).
 */
export const lane = z.discriminatedUnion('engine', [
  z.object({ engine: z.literal('comfyui') }),
  z.object({ engine: z.literal('ollama'), instance: z.string().min(1), model: z.string().min(1) }),
]);
export type Lane = z.infer<typeof lane>;

/** `comfyui` or `ollama:<instance>:<model>`; equal keys are the same lane. Model names may hold colons themselves. */
export function laneKey(of: Lane): string {
  return of.engine === 'comfyui' ? 'comfyui' : `ollama:${of.instance}:${of.model}`;
}

/** The name of the one Ollama instance on a node, until several are configured. */
export const DEFAULT_OLLAMA_INSTANCE = 'main';

/** Models of this family always think: `false` is passed over, `low` is the least that they do. */
export function alwaysThinks(model: string): boolean {
  return /(^|\/)gpt-oss/i.test(model);
}

/** Options that load a model: the same for every caller, since a difference makes Ollama load the model again. */
export function ollamaLoadOptions(contextLength: number): { readonly num_ctx: number } {
  return { num_ctx: contextLength };
}
