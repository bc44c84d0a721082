import { sendJson } from '../../listening.ts';
import type { OllamaEngine } from '../engine.ts';
import { completeName, modelSpec, sha256 } from '../models.ts';
import type { Model } from '../models.ts';
import { OllamaError, modelNotFound } from '../ollama-error.ts';
import { RequestBody } from '../request-body.ts';
import { isAtLeast } from '../settings.ts';
import { hash } from '../text/tokens.ts';
import { localTime, sendEmpty, streamLines, textOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';

export function getTags({ engine, response }: Exchange): void {
  const isRecent = isAtLeast(engine.settings, '0.30.0');
  const models = engine.store.list().map((model) => ({
    name: model.name,
    model: model.name,
    modified_at: localTime(model.modifiedAt),
    size: model.sizeBytes,
    digest: model.digest,
    details: {
      ...detailsOf(model),
      ...(isRecent && { context_length: model.contextLength, embedding_length: model.embeddingLength }),
    },
    ...(isRecent && { capabilities: model.capabilities }),
  }));
  sendJson(response, 200, { models });
}

/** Latest expiry first. A model that still loads was listed only before 0.30. */
export async function getPs({ engine, response, signal }: Exchange): Promise<void> {
  const blocked = engine.faults.strike('psBlocks');
  if (blocked) await engine.clock.sleep(blocked.ms, signal);
  const now = Date.now();
  const loaded = engine.scheduler.loaded().map((one) => ({
    model: one.model,
    expiresAt: one.expiresAt(now),
    size: one.sizeBytes,
    sizeVram: one.process.vramBytes,
    contextLength: one.contextLength,
  }));
  const { loading } = engine.scheduler;
  if (loading && !isAtLeast(engine.settings, '0.30.0')) {
    loaded.push({ model: loading, expiresAt: now, size: loading.sizeBytes, sizeVram: 0, contextLength: 0 });
  }
  loaded.sort((a, b) => b.expiresAt - a.expiresAt);
  const models = loaded.map(({ model, expiresAt, size, sizeVram, contextLength }) => ({
    name: model.name,
    model: model.name,
    size,
    digest: model.digest,
    details: detailsOf(model),
    expires_at: localTime(expiresAt),
    size_vram: sizeVram,
    context_length: contextLength,
  }));
  sendJson(response, 200, { models });
}

export function postShow({ engine, response, body: text }: Exchange): void {
  const body = RequestBody.parse(text, 'ShowRequest');
  const name = body.text('model') || body.text('name');
  if (name === '') throw new OllamaError(400, 'model is required');
  const full = completeName(name);
  if (full === null) throw new OllamaError(400, 'invalid model name');
  const model = engine.store.find(name);
  if (!model) throw modelNotFound(full);
  const { family } = model;
  sendJson(response, 200, {
    license: 'This model exists in a simulator only.',
    modelfile: `# Modelfile of Baton's engine simulator\nFROM ${model.name}\n`,
    parameters: 'temperature                    0.8',
    template: '{{ .Prompt }}',
    details: detailsOf(model),
    model_info: {
      'general.architecture': family,
      'general.parameter_count': model.parameterCount,
      [`${family}.context_length`]: model.contextLength,
      [`${family}.embedding_length`]: model.embeddingLength,
    },
    capabilities: model.capabilities,
    modified_at: localTime(model.modifiedAt),
  });
}

export async function postPull(exchange: Exchange): Promise<void> {
  const { engine, response, body: text } = exchange;
  const body = RequestBody.parse(text, 'PullRequest');
  const name = body.text('model') || body.text('name');
  if (name === '' || completeName(name) === null) throw new OllamaError(400, 'invalid model name');
  const statuses = pull(engine, name, exchange.signal);
  if (body.flag('stream') !== false) {
    await streamLines(exchange, statuses);
    return;
  }
  let last: object = {};
  try {
    for await (const status of statuses) last = status;
  } catch (cause) {
    throw new OllamaError(500, textOf(cause));
  }
  sendJson(response, 200, last);
}

/** How many progress lines the weights take, 60 simulated milliseconds apart. */
const PULL_STEPS = 25;
const PULL_STEP_MS = 60;

/**
 * Pretends to fetch a model: any name is there, but for those with "missing" in them, which fail as an unknown
 * model does. The size follows the tag's number of parameters, where it has one.
 */
async function* pull(engine: OllamaEngine, name: string, signal: AbortSignal): AsyncGenerator<object> {
  yield { status: 'pulling manifest' };
  await engine.clock.sleep(PULL_STEP_MS, signal);
  if (/missing/i.test(name)) throw new OllamaError(500, 'pull model manifest: file does not exist');
  const known = engine.store.find(name);
  const full = completeName(name) ?? name;
  const sizeBytes = known?.sizeBytes ?? sizeByName(full);
  for (const layer of [
    { digest: known?.blob ?? sha256(`weights of ${full} ${sizeBytes}`), total: sizeBytes },
    { digest: sha256(`template of ${full}`), total: 1_500 + (hash(full) % 1_000) },
  ]) {
    const line = {
      status: `pulling ${layer.digest.slice(0, 12)}`,
      digest: `sha256:${layer.digest}`,
      total: layer.total,
    };
    const steps = known || layer.total < 10_000 ? 1 : PULL_STEPS;
    if (steps > 1) yield line;
    for (let step = 1; step <= steps; step += 1) {
      await engine.clock.sleep(PULL_STEP_MS, signal);
      yield { ...line, completed: Math.round((layer.total * step) / steps) };
    }
  }
  yield { status: 'verifying sha256 digest' };
  yield { status: 'writing manifest' };
  if (!known) engine.store.add(newModel(full, sizeBytes), Date.now());
  yield { status: 'success' };
}

function newModel(name: string, sizeBytes: number): ReturnType<typeof modelSpec.parse> {
  const isEmbedding = /embed|minilm|bge/i.test(name);
  const isVision = /llava|vision|-vl|vl\b/i.test(name);
  const billions = /(\d+(?:\.\d+)?)b\b/i.exec(name)?.[1];
  return modelSpec.parse({
    name,
    sizeBytes,
    parameterSize: billions === undefined ? '7B' : `${billions}B`,
    parameterCount: Math.round(Number(billions ?? 7) * 1e9),
    capabilities: isEmbedding ? ['embedding'] : isVision ? ['completion', 'vision'] : ['completion', 'tools'],
  });
}

/** Four-bit weights take about 0.6 bytes per parameter. */
function sizeByName(name: string): number {
  const billions = Number(/(\d+(?:\.\d+)?)b\b/i.exec(name)?.[1] ?? 7);
  return Math.round(billions * 0.6e9);
}

/** A loaded copy stays loaded. */
export function deleteModel({ engine, response, body: text }: Exchange): void {
  const body = RequestBody.parse(text, 'DeleteRequest');
  const name = body.text('model') || body.text('name');
  if (completeName(name) === null) throw new OllamaError(400, `name ${JSON.stringify(name)} is invalid`);
  if (!engine.store.delete(name)) throw modelNotFound(name);
  sendEmpty(response);
}

export function postCopy({ engine, response, body: text }: Exchange): void {
  const body = RequestBody.parse(text, 'CopyRequest');
  const source = body.text('source');
  if (completeName(source) === null)
    throw new OllamaError(400, `source ${JSON.stringify(source)} is invalid`);
  engine.store.copy(source, body.text('destination'), Date.now());
  sendEmpty(response);
}

function detailsOf(model: Model): object {
  return {
    parent_model: '',
    format: 'gguf',
    family: model.family,
    families: [model.family],
    parameter_size: model.parameterSize,
    quantization_level: model.quantization,
  };
}
