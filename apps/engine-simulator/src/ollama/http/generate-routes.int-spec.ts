import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { SimulatedPair, linesOf } from '../testing/simulated-pair.ts';

let ollama: SimulatedPair;
beforeAll(async () => {
  ollama = await SimulatedPair.start();
});
afterAll(() => ollama.close());
const METRICS = [
  'total_duration',
  'load_duration',
  'prompt_eval_count',
  'prompt_eval_duration',
  'eval_count',
  'eval_duration',
];
const NANOSECOND_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

describe('streams', () => {
  test('come by default as NDJSON, one token a line, with nanosecond metrics on the last', async () => {
    const answer = await ollama.chat('phi3', 'Why is the sky blue?');
    expect(answer.type).toBe('application/x-ndjson');
    const lines = linesOf(answer);
    const last = lines.at(-1);
    expect(lines.slice(0, -1).every((line) => line['done'] === false && line['model'] === 'phi3')).toBe(true);
    expect(lines[0]).toEqual({
      model: 'phi3',
      created_at: expect.stringMatching(NANOSECOND_TIME),
      message: { role: 'assistant', content: expect.any(String) },
      done: false,
    });
    expect(last).toMatchObject({
      done: true,
      done_reason: 'stop',
      message: { role: 'assistant', content: '' },
    });
    for (const name of METRICS) expect(last).toHaveProperty(name, expect.any(Number));
    expect(last?.['eval_count']).toBe(lines.length - 1);
  });

  test('of generate carry the text and, at the end, the context', async () => {
    const lines = linesOf(await ollama.post('/api/generate', { model: 'phi3', prompt: 'Hello there' }));
    expect(lines.map((line) => line['response']).join('')).toContain('You asked: Hello there');
    expect(lines.at(-1)).toMatchObject({ response: '', done: true, context: expect.any(Array) });
    const raw = linesOf(await ollama.post('/api/generate', { model: 'phi3', prompt: 'Hello', raw: true }));
    expect(raw.at(-1)).not.toHaveProperty('context');
  });

  test('are one object when `stream` is false', async () => {
    const answer = await ollama.chat('phi3', 'Hello there', { stream: false });
    expect(answer.type).toBe('application/json; charset=utf-8');
    expect(answer.json).toMatchObject({
      done: true,
      done_reason: 'stop',
      message: { content: expect.stringContaining('Hello') },
    });
  });

  test('stop at a stop sequence, which is not sent, and at num_predict, which is a length', async () => {
    const stopped = await ollama.chat('phi3', 'Hello', { stream: false, options: { stop: ['### What'] } });
    expect(stopped.json).toMatchObject({
      done_reason: 'stop',
      message: { content: expect.not.stringContaining('### What') },
    });
    const cut = linesOf(await ollama.chat('phi3', 'Hello', { options: { num_predict: 3 } }));
    expect(cut).toHaveLength(4);
    expect(cut.at(-1)).toMatchObject({ done_reason: 'length', eval_count: 3 });
  });

  test('are the same again for the same question', async () => {
    const content = async (): Promise<string> => {
      const { json } = await ollama.chat('phi3', 'Tell me', { stream: false, options: { temperature: 2 } });
      return (json as { message: { content: string } }).message.content;
    };
    expect(await content()).toBe(await content());
  });

  test('carry likelihoods when asked for', async () => {
    const more = { logprobs: true, top_logprobs: 2, options: { num_predict: 1 } };
    const [first] = linesOf(await ollama.chat('phi3', 'Hello', more));
    const logprob = { token: expect.any(String), logprob: expect.any(Number), bytes: expect.any(Array) };
    expect(first?.['logprobs']).toEqual([{ ...logprob, top_logprobs: [logprob, logprob] }]);
  });
});

describe('thinking', () => {
  test('is on for a model that can, in chunks of its own before the text', async () => {
    const lines = linesOf(await ollama.chat('gpt-oss:20b', 'Why?'));
    const kinds = lines
      .slice(0, -1)
      .map((line) => ('thinking' in (line['message'] as object) ? 'thinking' : 'text'));
    expect(kinds[0]).toBe('thinking');
    expect(kinds.join(' ')).toMatch(/^(thinking ?)+(text ?)+$/);
    expect(lines[0]).toMatchObject({ message: { role: 'assistant', content: '' } });
  });

  test('can be switched off, and is refused where a model cannot', async () => {
    await ollama.post('/api/pull', { model: 'qwen3:8b', stream: false });
    const quiet = await ollama.chat('qwen3:8b', 'Why?', { think: false, stream: false });
    expect(quiet.json).not.toHaveProperty('message.thinking');
    expect((await ollama.chat('qwen3:8b', 'Why?', { stream: false })).json).toHaveProperty(
      'message.thinking',
    );
    const refused = await ollama.chat('phi3', 'Why?', { think: true });
    expect(refused).toMatchObject({ status: 400, json: { error: '"phi3" does not support thinking' } });
    const level = await ollama.chat('gpt-oss:20b', 'Why?', { think: 'max', stream: false });
    expect(level.json).toHaveProperty('message.thinking');
  });
});

describe('gpt-oss', () => {
  const thoughtsOf = async (think: unknown): Promise<string> => {
    const { json } = await ollama.chat('gpt-oss:20b', 'Why?', { think, stream: false });
    return (json as { message: { thinking: string } }).message.thinking;
  };

  test('thinks whatever it is told, least of all at low', async () => {
    const full = await thoughtsOf(true);
    await expect(thoughtsOf(false)).resolves.toBe(full);
    const little = await thoughtsOf('low');
    expect(little.length).toBeGreaterThan(10);
    expect(full).toContain(little);
    expect(full.length).toBeGreaterThan(2 * little.length);
  });

  test('of another size, pulled later, is no different', async () => {
    await ollama.post('/api/pull', { model: 'gpt-oss:1b', stream: false });
    const { json } = await ollama.chat('gpt-oss:1b', 'Why?', { think: false, stream: false });
    expect(json).toHaveProperty('message.thinking');
  });

  test('may think until there is no room left for the answer', async () => {
    const { json } = await ollama.chat('gpt-oss:20b', 'Give me a title, only a title.', {
      think: false,
      stream: false,
      options: { num_predict: 20 },
    });
    expect(json).toMatchObject({ done_reason: 'length', message: { content: '' } });
  });
});

describe('loading and unloading', () => {
  test('a request without a prompt loads, and answers when the model is there', async () => {
    const loaded = await ollama.load('llava:13b');
    expect(loaded.json).toEqual({
      model: 'llava:13b',
      created_at: expect.stringMatching(NANOSECOND_TIME),
      response: '',
      done: true,
      done_reason: 'load',
    });
    expect((await ollama.ps()).map(({ name }) => name)).toContain('llava:13b');
    const chat = await ollama.post('/api/chat', { model: 'llava:13b' });
    expect(chat.json).toMatchObject({
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: 'load',
    });
  });

  test('an unload answers the same for a model that is not loaded, and for one that only embeds', async () => {
    for (const model of ['qwen3-coder:30b', 'nomic-embed-text']) {
      expect((await ollama.unload(model)).json).toMatchObject({
        model,
        response: '',
        done: true,
        done_reason: 'unload',
      });
    }
    const chat = await ollama.post('/api/chat', { model: 'phi3', messages: [], keep_alive: '0s' });
    expect(chat.json).toMatchObject({ done_reason: 'unload', message: { role: 'assistant', content: '' } });
  });
});

describe('formats', () => {
  test('a JSON schema gets JSON that satisfies it', async () => {
    const format = {
      type: 'object',
      properties: { prompt: { type: 'string' }, steps: { type: 'integer', minimum: 10, maximum: 30 } },
      required: ['prompt', 'steps'],
    };
    const answer = await ollama.chat('gpt-oss:20b', 'a red fox', { format, stream: false });
    const { message } = answer.json as { message: { content: string } };
    expect(JSON.parse(message.content)).toEqual({ prompt: expect.stringContaining('a red fox'), steps: 20 });
  });

  test('"json" gets JSON, anything else is an error', async () => {
    const answer = await ollama.post('/api/generate', {
      model: 'phi3',
      prompt: 'Hi',
      format: 'json',
      stream: false,
    });
    expect(JSON.parse((answer.json as { response: string }).response)).toMatchObject({ request: 'Hi' });
    expect((await ollama.chat('phi3', 'Hi', { format: 'xml' })).json).toMatchObject({
      error: expect.stringMatching(/^invalid format: /),
    });
  });

  test('a tool that the question names is called, with an object of arguments', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters } }];
    const lines = linesOf(await ollama.chat('qwen3-coder:30b', 'Please get weather for Oslo', { tools }));
    expect(lines[0]).toMatchObject({
      done: false,
      message: {
        tool_calls: [
          {
            id: expect.stringMatching(/^call_\w{8}$/),
            function: { index: 0, name: 'get_weather', arguments: { city: expect.any(String) } },
          },
        ],
      },
    });
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
    expect((await ollama.chat('phi3', 'Hi', { tools })).json).toEqual({
      error: 'registry.ollama.ai/library/phi3:latest does not support tools',
    });
  });
});

describe('images', () => {
  const red = sharp({ create: { width: 30, height: 20, channels: 3, background: '#d01010' } })
    .png()
    .toBuffer();

  test('are described from their pixels by a model that sees', async () => {
    const images = [(await red).toString('base64')];
    const { json } = await ollama.post('/api/generate', {
      model: 'llava:13b',
      prompt: 'What is this?',
      images,
      stream: false,
    });
    expect((json as { response: string }).response).toMatch(/30 × 20 pixels \(png\).*red \(100 %\)/s);
  });

  test('are refused by a model that does not see, with a data: prefix, and when they are no images', async () => {
    const image = (await red).toString('base64');
    const sent = async (model: string, images: string[]): Promise<unknown> =>
      (await ollama.post('/api/generate', { model, prompt: 'What is this?', images })).json;
    expect(await sent('phi3', [image])).toEqual({
      error: 'registry.ollama.ai/library/phi3:latest does not support vision',
    });
    expect(await sent('llava:13b', [`data:image/png;base64,${image}`])).toEqual({
      error: 'illegal base64 data at input byte 4',
    });
    const { error } = (await sent('llava:13b', ['bm90IGFuIGltYWdl'])) as { error: string };
    expect(JSON.parse(error)).toMatchObject({ error: { code: 400 } });
  });
});

describe('wrong requests', () => {
  test.each([
    ['/api/chat', '', 400, 'missing request body'],
    ['/api/chat', '{', 400, 'unexpected EOF'],
    ['/api/chat', 'nonsense', 400, "invalid character 'n' looking for beginning of value"],
    ['/api/chat', '{}', 400, 'model is required'],
    ['/api/generate', '{}', 404, "model '' not found"],
    ['/api/generate', '{"model":"nothing"}', 404, "model 'nothing' not found"],
    ['/api/chat', '{"model":"nothing:8b","messages":[]}', 404, "model 'nothing:8b' not found"],
    ['/api/chat', '{"model":"a b"}', 400, 'invalid model name'],
    [
      '/api/chat',
      '{"model":5}',
      400,
      'json: cannot unmarshal number into Go struct field ChatRequest.model of type string',
    ],
    ['/api/chat', '{"model":"phi3","top_logprobs":21}', 400, 'top_logprobs must be between 0 and 20'],
    ['/api/chat', '{"model":"phi3","keep_alive":"300"}', 400, 'time: missing unit in duration "300"'],
    ['/api/chat', '{"model":"phi3","keep_alive":true}', 400, "Unsupported type: 'bool'"],
    [
      '/api/chat',
      '{"model":"phi3","options":{"num_ctx":"4k"}}',
      500,
      'option "num_ctx" must be of type integer',
    ],
    [
      '/api/generate',
      '{"model":"nomic-embed-text","prompt":"x"}',
      400,
      '"nomic-embed-text" does not support generate',
    ],
    [
      '/api/chat',
      '{"model":"nomic-embed-text","messages":[{}]}',
      400,
      '"nomic-embed-text" does not support chat',
    ],
    [
      '/api/generate',
      '{"model":"phi3","prompt":"x","raw":true,"system":"y"}',
      400,
      'raw mode does not support template, system, or context',
    ],
    [
      '/api/generate',
      '{"model":"phi3","prompt":"x","suffix":"y"}',
      400,
      'registry.ollama.ai/library/phi3:latest does not support insert',
    ],
  ])('%s %s is answered with %i %s', async (path, body, status, error) => {
    const answer = await ollama.ask('POST', path, body);
    expect(answer).toMatchObject({ status, type: 'application/json', json: { error } });
  });

  test('unknown fields and unknown options are ignored', async () => {
    const more = { surprise: 1, options: { num_predict: 1, unheard_of: 'x' } };
    expect((await ollama.chat('phi3', 'Hi', more)).status).toBe(200);
  });

  test('a prompt that is too long is refused only where it may not be cut', async () => {
    const long = 'word '.repeat(4_000);
    const cut = await ollama.chat('phi3', long, { stream: false, options: { num_ctx: 512, num_predict: 1 } });
    expect(cut.json).toMatchObject({ prompt_eval_count: 512 });
    const refused = await ollama.chat('phi3', long, { truncate: false, options: { num_ctx: 512 } });
    expect(refused).toMatchObject({
      status: 400,
      json: { error: expect.stringMatching(/^the prompt is longer than/) },
    });
  });
});
