import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SimulatedPair } from '../testing/simulated-pair.ts';

let ollama: SimulatedPair;
beforeAll(async () => {
  ollama = await SimulatedPair.start();
});
afterAll(() => ollama.close());
beforeEach(() => ollama.control({ settings: { version: '0.33.0' } }));

const messages = [{ role: 'user', content: 'Hello there' }];

interface Chunk {
  readonly choices: { delta: Record<string, unknown>; finish_reason: string | null }[];
  readonly usage?: object;
}

/** The chunks of a stream, and whether `[DONE]` closed it. */
async function stream(body: object): Promise<{ chunks: Chunk[]; isDone: boolean }> {
  const answer = await ollama.post('/v1/chat/completions', {
    model: 'phi3',
    messages,
    stream: true,
    ...body,
  });
  expect(answer.type).toBe('text/event-stream');
  const events = answer.text.split('\n\n').filter(Boolean);
  const isDone = events.at(-1) === 'data: [DONE]';
  const data = isDone ? events.slice(0, -1) : events;
  return { isDone, chunks: data.map((event) => JSON.parse(event.slice('data: '.length)) as Chunk) };
}

describe('chat completions', () => {
  test('answer in one object unless a stream is asked for', async () => {
    const { json } = await ollama.post('/v1/chat/completions', { model: 'phi3', messages });
    expect(json).toEqual({
      id: expect.stringMatching(/^chatcmpl-\d{1,3}$/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'phi3',
      system_fingerprint: 'fp_ollama',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: expect.stringContaining('Hello there') },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 7, completion_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    });
  });

  test('stream the role once, the finish in a chunk of its own, then the usage, then [DONE]', async () => {
    const { chunks, isDone } = await stream({ max_tokens: 3, stream_options: { include_usage: true } });
    expect(
      chunks.map(({ choices }) =>
        choices.map(({ delta, finish_reason }) => [Object.keys(delta), finish_reason]),
      ),
    ).toEqual([
      [[['role', 'content'], null]],
      [[['content'], null]],
      [[['content'], null]],
      [[[], 'length']],
      [],
    ]);
    expect(chunks.at(-1)?.usage).toEqual({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 });
    expect(isDone).toBe(true);
  });

  test('had the role in every chunk before 0.32.6', async () => {
    await ollama.control({ settings: { version: '0.32.5' } });
    const { chunks } = await stream({ max_tokens: 2 });
    expect(chunks.every(({ choices }) => choices[0]?.delta['role'] === 'assistant')).toBe(true);
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: { content: '' }, finish_reason: 'length' });
  });

  test('lose an error in mid-stream: an empty delta, and no [DONE]', async () => {
    await ollama.control({ faults: { midStreamError: { afterTokens: 2, times: 1 } } });
    const { chunks, isDone } = await stream({});
    expect(isDone).toBe(false);
    expect(chunks).toHaveLength(3);
    expect(chunks.at(-1)?.choices[0]).toMatchObject({ delta: { content: '' }, finish_reason: null });
  });

  test('put thinking into `reasoning`, and take none of it as none', async () => {
    const asked = { model: 'gpt-oss:20b', messages };
    expect((await ollama.post('/v1/chat/completions', asked)).json).toMatchObject({
      choices: [{ message: { reasoning: expect.any(String) } }],
    });
    await ollama.post('/api/pull', { model: 'qwen3:8b', stream: false });
    const quiet = await ollama.post('/v1/chat/completions', {
      ...asked,
      model: 'qwen3:8b',
      reasoning_effort: 'none',
    });
    await ollama.ask('DELETE', '/api/delete', { model: 'qwen3:8b' });
    expect(quiet.json).not.toHaveProperty('choices.0.message.reasoning');
  });

  test('give tool arguments as a text', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters } }];
    const body = {
      model: 'qwen3-coder:30b',
      tools,
      messages: [{ role: 'user', content: 'get weather in Oslo' }],
    };
    const { json } = await ollama.post('/v1/chat/completions', body);
    const [choice] = (
      json as {
        choices: { finish_reason: string; message: { tool_calls: { function: { arguments: string } }[] } }[];
      }
    ).choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(JSON.parse(choice?.message.tool_calls[0]?.function.arguments ?? '')).toHaveProperty('city');
  });

  test('take a JSON schema as response format', async () => {
    const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    const response_format = { type: 'json_schema', json_schema: { name: 'it', schema } };
    const { json } = await ollama.post('/v1/chat/completions', { model: 'phi3', messages, response_format });
    expect(
      JSON.parse((json as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? ''),
    ).toEqual({ ok: true });
  });

  test.each([
    [{ messages: [] }, 400, 'invalid_request_error'],
    [{ model: 'nothing', messages }, 404, 'not_found_error'],
    [
      {
        model: 'phi3',
        messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://x/y.png' } }] }],
      },
      400,
      'invalid_request_error',
    ],
  ])('refuse %j with %i in the shape of OpenAI', async (body, status, type) => {
    const answer = await ollama.post('/v1/chat/completions', { model: 'phi3', ...body });
    expect(answer).toMatchObject({
      status,
      json: { error: { message: expect.any(String), type, param: null, code: null } },
    });
  });
});

test('models are listed, and one is found by its name', async () => {
  const { data } = (await ollama.ask('GET', '/v1/models')).json as { data: object[] };
  expect(data[0]).toEqual({
    id: 'gpt-oss:20b',
    object: 'model',
    created: expect.any(Number),
    owned_by: 'library',
  });
  expect((await ollama.ask('GET', '/v1/models/phi3')).json).toMatchObject({ id: 'phi3:latest' });
  expect((await ollama.ask('GET', '/v1/models/nothing')).status).toBe(404);
});

test('embeddings come as numbers or as base64 of the same', async () => {
  const body = { model: 'nomic-embed-text', input: 'a cat', dimensions: 8 };
  const plain = (await ollama.post('/v1/embeddings', body)).json as { data: { embedding: number[] }[] };
  const packed = (await ollama.post('/v1/embeddings', { ...body, encoding_format: 'base64' })).json as {
    data: { embedding: string }[];
  };
  const bytes = Buffer.from(packed.data[0]?.embedding ?? '', 'base64');
  const floats = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
  expect(floats).toHaveLength(8);
  floats.forEach((value, index) => expect(value).toBeCloseTo(plain.data[0]?.embedding[index] ?? NaN, 5));
});
