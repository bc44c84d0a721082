import { connect } from 'node:net';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { Ollama } from 'ollama';
import { SimulatedPair, linesOf, type Line } from './testing/simulated-pair.ts';

let ollama: SimulatedPair;
beforeEach(async () => {
  ollama = await SimulatedPair.start();
});
afterEach(() => ollama.close());

const LOCAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d$/;

describe('small endpoints', () => {
  test('say that the server runs, which version, and that there is no cloud', async () => {
    expect(await ollama.ask('GET', '/')).toMatchObject({
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: 'Ollama is running',
    });
    expect((await ollama.ask('HEAD', '/')).status).toBe(200);
    expect((await ollama.ask('GET', '/api/version')).json).toEqual({ version: '0.33.0' });
    expect((await ollama.ask('GET', '/api/status')).json).toEqual({
      cloud: { disabled: true, source: 'env' },
    });
  });

  test('an unknown path and a wrong method have the texts of the real program', async () => {
    expect(await ollama.ask('GET', '/api/nothing')).toMatchObject({
      status: 404,
      type: 'text/plain',
      text: '404 page not found',
    });
    expect(await ollama.ask('GET', '/api/chat')).toMatchObject({
      status: 405,
      type: 'text/plain',
      text: '405 method not allowed',
    });
  });
});

describe('models', () => {
  test('are listed with a tag, newest first, digest without a prefix', async () => {
    const { models } = (await ollama.ask('GET', '/api/tags')).json as {
      models: { name: string; modified_at: string }[];
    };
    expect(models.map(({ name }) => name)).toEqual([
      'gpt-oss:20b',
      'llava:13b',
      'qwen3-coder:30b',
      'phi3:latest',
      'nomic-embed-text:latest',
    ]);
    expect(models[0]).toMatchObject({
      model: 'gpt-oss:20b',
      modified_at: expect.stringMatching(LOCAL_TIME),
      size: 13e9,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      details: { format: 'gguf', parameter_size: '20.9B', context_length: 131_072 },
      capabilities: ['completion', 'tools', 'thinking'],
    });
  });

  test('had fewer fields before 0.30, which listed a loading model too', async () => {
    await ollama.control({ settings: { version: '0.29.9' }, faults: { slowLoad: { factor: 60, times: 1 } } });
    const { models } = (await ollama.ask('GET', '/api/tags')).json as { models: { details: object }[] };
    expect(models[0]).not.toHaveProperty('capabilities');
    expect(models[0]?.details).not.toHaveProperty('context_length');
    const loading = ollama.load('phi3');
    await eventually(async () => (await ollama.ps()).some(({ size_vram }) => size_vram === 0));
    await loading;
  });

  test('can be shown, with the tag in the error for one that is not there', async () => {
    expect((await ollama.post('/api/show', { model: 'llava:13b' })).json).toMatchObject({
      model_info: { 'general.architecture': 'llama', 'llama.context_length': 4_096 },
      capabilities: ['completion', 'vision'],
    });
    expect(await ollama.post('/api/show', { name: 'nothing' })).toMatchObject({
      status: 404,
      json: { error: "model 'nothing:latest' not found" },
    });
    expect((await ollama.post('/api/show', {})).json).toEqual({ error: 'model is required' });
  });

  test('can be pulled with progress, and are there then', async () => {
    const lines = linesOf(await ollama.post('/api/pull', { model: 'llama3.2:3b' }));
    expect(lines[0]).toEqual({ status: 'pulling manifest' });
    expect(lines[1]).toEqual({
      status: expect.stringMatching(/^pulling [0-9a-f]{12}$/),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      total: 1.8e9,
    });
    const completed = lines.flatMap((line) => (line['total'] === 1.8e9 ? [line['completed'] ?? 0] : []));
    expect(completed).toEqual([...completed].sort((a, b) => Number(a) - Number(b)));
    expect(completed.at(-1)).toBe(1.8e9);
    expect(lines.slice(-3).map((line) => line['status'])).toEqual([
      'verifying sha256 digest',
      'writing manifest',
      'success',
    ]);
    expect((await ollama.chat('llama3.2:3b', 'Hi', { stream: false })).status).toBe(200);
  });

  test('that nobody has fail to be pulled, in the stream', async () => {
    const answer = await ollama.post('/api/pull', { model: 'missing-model' });
    expect(answer.status).toBe(200);
    expect(linesOf(answer).at(-1)).toEqual({ error: 'pull model manifest: file does not exist' });
    expect(await ollama.post('/api/pull', { model: 'missing-model', stream: false })).toMatchObject({
      status: 500,
    });
    expect((await ollama.post('/api/pull', { model: 'phi3', stream: false })).json).toEqual({
      status: 'success',
    });
  });

  test('consist of layers, told about every 60 ms of simulated time; a layer that is there takes one line', async () => {
    await ollama.control({ speed: 20 });
    const lines = linesOf(await ollama.post('/api/pull', { model: 'deepseek-r1:1.5b' }));
    const layers = Map.groupBy(
      lines.filter((line) => 'digest' in line),
      (line) => line['digest'],
    );
    expect(layers.size).toBe(4);
    const [weights, licence, template] = [...layers.values()];
    const MS_OF_WEIGHTS = (0.9e9 / (1_024 * 1_048_576)) * 1_000;
    expect(weights?.length).toBeLessThanOrEqual(Math.ceil(MS_OF_WEIGHTS / 60) + 1);
    expect(weights?.[0]).not.toHaveProperty('completed');
    // Every model has the same one, and there are models.
    expect(licence?.map((line) => line['completed'])).toEqual([11_356]);
    expect(template?.map((line) => line['completed'])).toEqual([undefined, 1_482]);
    const again = linesOf(await ollama.post('/api/pull', { model: 'deepseek-r1:1.5b' }));
    expect(again.filter((line) => 'digest' in line)).toHaveLength(4);
    expect((await ollama.post('/api/show', { model: 'deepseek-r1:1.5b' })).json).toMatchObject({
      capabilities: ['completion', 'tools', 'thinking'],
    });
    await ollama.ask('DELETE', '/api/delete', { model: 'deepseek-r1:1.5b' });
    const anew = linesOf(await ollama.post('/api/pull', { model: 'deepseek-r1:1.5b' }));
    expect(anew[1]).not.toHaveProperty('completed');
  });

  test('whose pull was left are pulled from there on', async () => {
    await ollama.control({ faults: { slowPull: { factor: 40, times: 1 } } });
    const leaving = new AbortController();
    const response = await ollama.open('POST', '/api/pull', { model: 'llama3.1:8b' }, leaving.signal);
    const heard = await heardUntil(response, ({ completed }) => Number(completed ?? 0) > 0);
    leaving.abort();
    // The server notices a moment later; until then the download has a follower and keeps its slow pace.
    await eventually(async () => {
      const fast = linesOf(await ollama.post('/api/pull', { model: 'llama3.1:8b' }));
      const first = fast.find((line) => 'digest' in line);
      return fast.at(-1)?.['status'] === 'success' && Number(first?.['completed']) >= heard;
    });
  });

  test('whose pull fails on the way say so in the stream; a cut one ends without a word', async () => {
    await ollama.control({
      faults: { pullFails: { afterLines: 1, message: 'no space left on device', times: 1 } },
    });
    const failed = linesOf(await ollama.post('/api/pull', { model: 'gemma3:4b' }));
    expect(failed).toHaveLength(3);
    expect(failed.at(-1)).toEqual({ error: 'no space left on device' });
    await ollama.control({ faults: { pullCut: { afterLines: 1, times: 1 } } });
    await expect(ollama.post('/api/pull', { model: 'gemma3:4b' })).rejects.toThrow('terminated');
    expect(await ollama.post('/api/show', { model: 'gemma3:4b' })).toMatchObject({ status: 404 });
    expect(linesOf(await ollama.post('/api/pull', { model: 'gemma3:4b' })).at(-1)).toEqual({
      status: 'success',
    });
  });

  test('share a runner with their copies, which ps shows under the first name', async () => {
    expect(await ollama.post('/api/copy', { source: 'phi3', destination: 'mine' })).toMatchObject({
      status: 200,
      text: '',
    });
    await ollama.load('mine');
    await ollama.load('phi3');
    expect((await ollama.ps()).map(({ name }) => name)).toEqual(['mine:latest']);
  });

  test('that are deleted while loaded stay on the card, and can no longer be unloaded by name', async () => {
    await ollama.load('phi3');
    expect(await ollama.ask('DELETE', '/api/delete', { model: 'phi3' })).toMatchObject({
      status: 200,
      text: '',
    });
    expect((await ollama.ask('DELETE', '/api/delete', { model: 'phi3' })).json).toEqual({
      error: "model 'phi3' not found",
    });
    expect(await ollama.unload('phi3')).toMatchObject({ status: 404 });
    expect(await ollama.ps()).toHaveLength(1);
  });
});

describe('embeddings', () => {
  test('of several texts come in order, with length 1', async () => {
    const answer = await ollama.post('/api/embed', { model: 'nomic-embed-text', input: ['a cat', 'a dog'] });
    const { embeddings } = answer.json as { embeddings: number[][] };
    expect(embeddings.map((vector) => vector.length)).toEqual([768, 768]);
    for (const vector of embeddings) expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    expect(answer.json).toMatchObject({ model: 'nomic-embed-text', prompt_eval_count: 4 });
    const old = await ollama.post('/api/embeddings', { model: 'nomic-embed-text', prompt: 'a dog' });
    expect(old.json).toEqual({ embedding: embeddings[1] });
  });

  test('of nothing load the model all the same', async () => {
    const answer = await ollama.post('/api/embed', { model: 'nomic-embed-text' });
    expect(answer.json).toEqual({ model: 'nomic-embed-text', embeddings: [] });
    expect(await ollama.ps()).toHaveLength(1);
  });

  test('refuse with texts of their own', async () => {
    expect(await ollama.post('/api/embed', { model: 'nothing', input: 'x' })).toMatchObject({
      status: 404,
      json: { error: 'model "nothing" not found, try pulling it first' },
    });
    expect((await ollama.post('/api/embed', { model: 'phi3', input: 5 })).json).toEqual({
      error: 'invalid input type',
    });
    const long = { model: 'nomic-embed-text', input: 'word '.repeat(4_000), truncate: false };
    expect(await ollama.post('/api/embed', long)).toMatchObject({
      status: 400,
      json: { error: 'the input length exceeds the context length' },
    });
  });
});

test('the official client chats, streams and lists', async () => {
  const client = new Ollama({ host: ollama.url });
  let content = '';
  const messages = [{ role: 'user', content: 'Hello there' }];
  for await (const part of await client.chat({ model: 'phi3', messages, stream: true }))
    content += part.message.content;
  expect(content).toContain('You asked: Hello there');
  expect((await client.ps()).models).toHaveLength(1);
  expect((await client.list()).models).toHaveLength(5);
});

describe('browsers', () => {
  test('of foreign pages are refused, those of this machine are not', async () => {
    const visit = (origin: string): Promise<Response> =>
      fetch(`${ollama.url}/api/tags`, { headers: { origin } });
    expect((await visit('https://evil.example')).status).toBe(403);
    const local = await visit('http://localhost:3000');
    expect(local.status).toBe(200);
    expect(local.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  });

  test('that were led here by a foreign name are refused', async () => {
    const status = await new Promise((resolve, reject) => {
      const options = { headers: { host: 'rebound.example' }, agent: false };
      request(`${ollama.url}/api/tags`, options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

describe('control', () => {
  test('shows and merges settings; an unknown key or a wrong value changes nothing', async () => {
    const changed = await ollama.control({ settings: { tokensPerSecond: 99 }, speed: 50 });
    expect(changed.json).toMatchObject({
      speed: 50,
      settings: { tokensPerSecond: 99, promptTokensPerSecond: 2_000 },
    });
    for (const wrong of [
      { sped: 1 },
      { settings: { tokens: 5 } },
      { speed: 0 },
      { speed: 70, faults: { meteor: true } },
      { faults: { slowLoad: { factor: 'much' } } },
    ]) {
      expect(await ollama.control(wrong)).toMatchObject({ status: 400, json: { error: expect.any(String) } });
    }
    expect(await ollama.ask('PUT', '/__control', 'nonsense')).toMatchObject({ status: 400 });
    expect((await ollama.ask('GET', '/__control')).json).toMatchObject({ speed: 50 });
  });

  test('replaces the models, and shows every fault with what it does', async () => {
    await ollama.control({ models: [{ name: 'tiny:1b', sizeBytes: 600_000_000 }] });
    expect((await ollama.ask('GET', '/v1/models')).json).toMatchObject({ data: [{ id: 'tiny:1b' }] });
    await ollama.control({ models: [] });
    expect((await ollama.ask('GET', '/v1/models')).json).toEqual({ object: 'list', data: null });
    const { faults } = (await ollama.ask('GET', '/__control')).json as {
      faults: Record<string, { says: string }>;
    };
    expect(Object.values(faults).every(({ says }) => says.length > 10)).toBe(true);
  });

  test('ends the program when told to', async () => {
    await ollama.control({ crash: 'now' });
    await eventually(() => ollama.crashes.length === 1);
  });

  test('answers while everything else hangs, as it does during the start of the real program', async () => {
    await ollama.control({ faults: { hang: true } });
    const hanging = ollama.ask('GET', '/');
    const { port } = new URL(ollama.url);
    const socket = connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
    expect((await ollama.ask('GET', '/__control')).status).toBe(200);
    await ollama.control({ faults: { hang: { ms: 1_000 } } });
    expect((await hanging).text).toBe('Ollama is running');
  });

  test('makes ps slow, and models share the CPU', async () => {
    await ollama.control({
      faults: { psBlocks: { ms: 2_000, times: 1 }, partialOffload: { share: 0.25, times: 1 } },
    });
    await ollama.load('phi3');
    const [loaded] = await ollama.ps();
    expect((loaded?.size_vram ?? 0) / (loaded?.size ?? 1)).toBeCloseTo(0.25, 3);
  });
});

/** Reads lines of progress until one is wanted, and tells how much had been fetched by then. */
async function heardUntil(response: Response, isWanted: (line: Line) => boolean): Promise<number> {
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString();
    for (const line of text.split('\n').slice(0, -1)) {
      const read = JSON.parse(line) as Line;
      if (isWanted(read)) return Number(read['completed'] ?? 0);
    }
  }
  throw new Error('the stream ended before');
}
