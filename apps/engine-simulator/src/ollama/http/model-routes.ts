import { sendJson } from '../../listening.ts';
import { completeName } from '../models.ts';
import type { Model } from '../models.ts';
import { OllamaError, modelNotFound } from '../ollama-error.ts';
import { RequestBody } from '../request-body.ts';
import { isAtLeast } from '../settings.ts';
import { localTime, sendEmpty } from './exchange.ts';
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
