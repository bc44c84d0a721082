import { once } from 'node:events';
import { sendJson } from '../../listening.ts';
import { layersOf } from '../downloads.ts';
import type { Layer } from '../downloads.ts';
import { completeName, modelSpec, sha256 } from '../models.ts';
import type { ModelSpec } from '../models.ts';
import { OllamaError } from '../ollama-error.ts';
import { RequestBody } from '../request-body.ts';
import { streamLines, textOf } from './exchange.ts';
import type { Exchange } from './exchange.ts';

/** Between two lines of progress, in simulated time. */
const LINE_MS = 60;

export async function postPull(exchange: Exchange): Promise<void> {
  const { response, body: text } = exchange;
  const body = RequestBody.parse(text, 'PullRequest');
  const name = body.text('model') || body.text('name');
  const full = completeName(name);
  if (name === '' || full === null) throw new OllamaError(400, 'invalid model name');
  const statuses = pull(exchange, full);
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

/**
 * Pretends to fetch a model: any name is there, but for those with "missing" in them, which fail as an unknown model does.
 * A client that leaves ends it; the next pull goes on where it was.
 */
async function* pull(exchange: Exchange, name: string): AsyncGenerator<object> {
  const { engine, signal } = exchange;
  yield { status: 'pulling manifest' };
  await engine.clock.sleep(LINE_MS, signal);
  if (/missing/i.test(name)) throw new OllamaError(500, 'pull model manifest: file does not exist');
  const known = engine.store.find(name);
  const spec = known ?? newModel(name);
  const layers = layersOf({ ...spec, blob: known?.blob ?? sha256(`weights of ${name} ${spec.sizeBytes}`) });
  let told = 0;
  for (const layer of layers) {
    for await (const line of fetchLayer(exchange, layer)) {
      yield line;
      told += 1;
      await strikeAfter(exchange, told);
    }
  }
  yield { status: 'verifying sha256 digest' };
  yield { status: 'writing manifest' };
  engine.downloads.settle(layers);
  if (!engine.store.find(name)) engine.store.add(spec, Date.now());
  yield { status: 'success' };
}

/** `completed` is missing while it is 0; what is there already is told in one line. */
async function* fetchLayer({ engine, signal }: Exchange, layer: Layer): AsyncGenerator<object> {
  const { clock, downloads, faults, settings } = engine;
  const { digest, total } = layer;
  const line = (completed: number): object => ({
    status: `pulling ${digest.slice(0, 12)}`,
    digest: `sha256:${digest}`,
    total,
    ...(completed > 0 && { completed }),
  });
  if (downloads.isOnDisk(layer)) {
    yield line(total);
    return;
  }
  const pace = settings.pullMibPerSecond / (faults.strike('slowPull')?.factor ?? 1);
  let completed = downloads.join(layer, pace);
  try {
    yield line(completed);
    while (completed < total) {
      await clock.sleep(LINE_MS, signal);
      completed = downloads.completed(layer);
      yield line(completed);
    }
  } finally {
    downloads.leave(layer);
  }
}

/** Throws what ends the pull after so many lines of progress: with a word, or by cutting the connection. */
async function strikeAfter({ engine, response, signal }: Exchange, told: number): Promise<void> {
  const isDue = ({ afterLines }: { afterLines: number }): boolean => afterLines <= told;
  const failure = engine.faults.strike('pullFails', isDue);
  if (failure) throw new OllamaError(500, failure.message);
  if (!engine.faults.strike('pullCut', isDue)) return;
  const closed = once(response, 'close');
  response.destroy();
  await closed;
  signal.throwIfAborted();
}

function newModel(name: string): ModelSpec {
  const billions = /(\d+(?:\.\d+)?)b\b/i.exec(name)?.[1];
  return modelSpec.parse({
    name,
    sizeBytes: sizeByName(name),
    ...(/gpt-oss/i.test(name) && { family: 'gptoss' }),
    parameterSize: billions === undefined ? '7B' : `${billions}B`,
    parameterCount: Math.round(Number(billions ?? 7) * 1e9),
    capabilities: capabilitiesByName(name),
  });
}

function capabilitiesByName(name: string): ModelSpec['capabilities'] {
  if (/embed|minilm|bge/i.test(name)) return ['embedding'];
  if (/llava|vision|-vl|vl\b/i.test(name)) return ['completion', 'vision'];
  if (/qwen3:|gpt-oss|deepseek-r1|think/i.test(name)) return ['completion', 'tools', 'thinking'];
  return ['completion', 'tools'];
}

/** Four-bit weights take about 0.6 bytes per parameter. */
function sizeByName(name: string): number {
  const billions = Number(/(\d+(?:\.\d+)?)b\b/i.exec(name)?.[1] ?? 7);
  return Math.round(billions * 0.6e9);
}
