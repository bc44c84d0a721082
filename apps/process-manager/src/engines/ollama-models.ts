import type { EngineModel } from '@baton/contracts';
import { z } from 'zod';
import type { EngineHttp } from './engine-http.ts';

const tagsReply = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        size: z.number().default(0),
        digest: z.string().default(''),
        modified_at: z.string().default(''),
        remote_host: z.string().optional(),
        capabilities: z.array(z.string()).nullish(),
        details: z
          .object({
            family: z.string().default(''),
            parameter_size: z.string().default(''),
            quantization_level: z.string().default(''),
            context_length: z.number().optional(),
          })
          .prefault({}),
      }),
    )
    .nullable()
    .transform((models) => models ?? []),
});

const showReply = z.object({
  capabilities: z.array(z.string()).nullish(),
  model_info: z.record(z.string(), z.unknown()).nullish(),
});

/** Ollama's lists show every name with its tag; a caller may leave out `latest`. Case does not matter. */
export function tagged(name: string): string {
  const lower = name.toLowerCase();
  return lower.slice(lower.lastIndexOf('/') + 1).includes(':') ? lower : `${lower}:latest`;
}

export function sameModel(a: string, b: string): boolean {
  return tagged(a) === tagged(b);
}

export function isCloudName(model: string): boolean {
  return /[:-]cloud$/i.test(model);
}

/** What the names on the disk stand for now. */
export async function installedDigests(
  http: EngineHttp,
  url: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { models } = await http.getJson(`${url}/api/tags`, tagsReply, signal);
  return new Set(models.map(({ digest }) => digest));
}

/** Installed models in Ollama's order (newest first). Names that would leave this machine for a cloud are left out. */
export async function modelDetails(
  http: EngineHttp,
  url: string,
  signal: AbortSignal,
): Promise<EngineModel[]> {
  const { models } = await http.getJson(`${url}/api/tags`, tagsReply, signal);
  const local = models.filter(({ name, remote_host }) => remote_host === undefined && !isCloudName(name));
  return Promise.all(
    local.map(async (model) => {
      // Ollama before 0.30 tells these only one model at a time.
      const shown = model.capabilities ? null : await show(http, url, model.name, signal);
      return {
        name: model.name,
        digest: model.digest,
        size_bytes: model.size,
        family: model.details.family,
        parameter_size: model.details.parameter_size,
        quantization: model.details.quantization_level,
        context_length: model.details.context_length ?? shown?.contextLength ?? null,
        capabilities: model.capabilities ?? shown?.capabilities ?? [],
      };
    }),
  );
}

async function show(http: EngineHttp, url: string, model: string, signal: AbortSignal) {
  const reply = await http.postJson(`${url}/api/show`, { model }, showReply, signal);
  const entry = Object.entries(reply.model_info ?? {}).find(([name]) => name.endsWith('.context_length'));
  return {
    capabilities: reply.capabilities ?? [],
    contextLength: typeof entry?.[1] === 'number' ? entry[1] : null,
  };
}
