import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError, FakeClock, systemClock } from '@baton/kernel';
import { ScriptedOllama, eventually } from '@baton/testing';
import type { EngineDoor, EngineOutput, EngineRequest } from './chat-engine.ts';
import { OllamaDriver } from './ollama.driver.ts';

const REQUEST: EngineRequest = {
  model: 'gpt-oss:20b',
  messages: [{ role: 'user', content: 'How do I paint a fence?' }],
  contextLength: 8_192,
  keepAlive: -1,
  temperature: null,
  topP: null,
  maxTokens: null,
  think: null,
  format: null,
};
const PATIENCE = { firstTokenMs: 60_000, stallMs: 30_000 };

describe('the Ollama driver', () => {
  let ollama: ScriptedOllama;
  let driver: OllamaDriver;

  beforeAll(async () => {
    ollama = await ScriptedOllama.start();
  });
  afterAll(() => ollama.close());
  beforeEach(() => {
    driver = new OllamaDriver(systemClock);
  });
  afterEach(() => driver.onApplicationShutdown());

  function door(signal = new AbortController().signal): EngineDoor {
    return { url: ollama.url, headers: { 'x-baton-lease': 'l1', 'x-baton-fence': '7' }, signal };
  }

  /** Everything that was yielded, and what the stream failed with. */
  async function collect(
    given: Partial<EngineRequest> = {},
    through = door(),
  ): Promise<{ outputs: EngineOutput[]; text: string; error: unknown }> {
    const outputs: EngineOutput[] = [];
    let error: unknown = null;
    try {
      for await (const output of driver.stream({ ...REQUEST, ...given }, through, PATIENCE))
        outputs.push(output);
    } catch (failure) {
      error = failure;
    }
    const text = outputs.map((output) => (output.type === 'text' ? output.text : '')).join('');
    return { outputs, text, error };
  }

  test('an answer arrives in pieces and ends with its usage', async () => {
    ollama.play((answer) => {
      for (const piece of ['Use ', 'a ', 'primer.']) answer.text(piece);
      answer.done(3);
    });
    const { outputs, error } = await collect();
    expect(error).toBeNull();
    expect(outputs).toEqual([
      { type: 'text', text: 'Use ' },
      { type: 'text', text: 'a ' },
      { type: 'text', text: 'primer.' },
      {
        type: 'end',
        reason: 'stop',
        usage: { prompt_tokens: 26, completion_tokens: 3 },
        timings: { load_ms: 0, prompt_ms: 0, answer_ms: 0 },
      },
    ]);
  });

  test('the request names lease, fence, context and keep-alive, and says nothing of what is left to the model', async () => {
    ollama.play((answer) => answer.done(0));
    await collect({ temperature: 0, maxTokens: 64 });
    expect(ollama.asked[0]).toMatchObject({
      path: '/engines/ollama/api/chat',
      headers: { 'x-baton-lease': 'l1', 'x-baton-fence': '7' },
      body: {
        model: 'gpt-oss:20b',
        stream: true,
        keep_alive: -1,
        options: { num_ctx: 8_192, temperature: 0, num_predict: 64 },
      },
    });
  });

  test('settings that nobody made are left to the model', async () => {
    ollama.play((answer) => answer.done(0));
    await collect();
    expect(ollama.asked[0]?.body['options']).toEqual({ num_ctx: 8_192 });
    expect(ollama.asked[0]?.body).not.toHaveProperty('think');
    expect(ollama.asked[0]?.body).not.toHaveProperty('format');
  });

  test('pictures, thinking, a format and top_p are passed on as they are', async () => {
    ollama.play((answer) => answer.done(0));
    const format = { type: 'object', properties: { name: { type: 'string' } } };
    const messages = [{ role: 'user', content: 'What is it?', images: ['aGVsbG8='] }] as const;
    await collect({ messages, think: 'low', format, topP: 0.5 });
    expect(ollama.asked[0]?.body).toMatchObject({
      messages: [{ role: 'user', content: 'What is it?', images: ['aGVsbG8='] }],
      think: 'low',
      format,
      options: { top_p: 0.5 },
    });
  });

  test('text survives pieces that end anywhere', async () => {
    const line = JSON.stringify({ message: { content: 'Žluťoučký 🐴 конь' }, done: false });
    const bytes = Buffer.from(`${line}\n`);
    ollama.play(async (answer) => {
      for (const byte of bytes) {
        answer.raw(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      answer.done(5);
    });
    await expect(collect()).resolves.toMatchObject({ text: 'Žluťoučký 🐴 конь', error: null });
  });

  test('thinking comes apart from the answer', async () => {
    ollama.play((answer) => {
      answer.line({ message: { role: 'assistant', content: '', thinking: 'Hm.' }, done: false });
      answer.text('Yes.');
      answer.done(2);
    });
    const { outputs, text } = await collect();
    expect(outputs.map(({ type }) => type)).toEqual(['thinking', 'text', 'end']);
    expect(text).toBe('Yes.');
  });

  test('so do thoughts that a model writes into the text, and none is held back at the end', async () => {
    ollama.play((answer) => {
      for (const piece of ['<th', 'ink>Hm', '.</think>', '\n\nYes', '.']) answer.text(piece);
      answer.done(5);
    });
    const { outputs, text } = await collect();
    expect(outputs.map(({ type }) => type)).toEqual(['thinking', 'thinking', 'text', 'text', 'end']);
    expect(text).toBe('Yes.');
    ollama.play((answer) => {
      answer.text('<');
      answer.done(1);
    });
    await expect(collect()).resolves.toMatchObject({ text: '<' });
  });

  test('an answer cut by its length says so', async () => {
    ollama.play((answer) => {
      answer.text('Use');
      answer.done(1, 'length');
    });
    const { outputs } = await collect();
    expect(outputs.at(-1)).toMatchObject({ type: 'end', reason: 'length' });
  });

  test('answers one after another share connections', async () => {
    ollama.play((answer) => {
      answer.text('Yes.');
      answer.done(1);
    });
    const before = ollama.connections;
    for (let n = 0; n < 10; n += 1) await collect();
    expect(ollama.connections - before).toBeLessThanOrEqual(2);
  });

  test.each([
    [404, "model 'gpt-oss:20b' not found", 'model.unknown'],
    [500, 'llama-server reported out-of-memory during startup: …', 'engine.out_of_memory'],
    [503, 'server busy, please try again.  maximum pending requests exceeded', 'engine.unavailable'],
    [500, 'model runner has unexpectedly stopped', 'engine.failed'],
  ])('a refusal with %i (%s) is %s', async (status, error, code) => {
    ollama.play((answer) => answer.refuse(status, error));
    await expect(collect()).resolves.toMatchObject({ outputs: [], error: { code } });
  });

  test('a refusal that breaks off means what its status says', async () => {
    ollama.play(({ response }) => {
      response.writeHead(503, { 'content-length': '100' });
      response.write('{"error":', () => response.destroy());
    });
    await expect(collect()).resolves.toMatchObject({ outputs: [], error: { code: 'engine.unavailable' } });
  });

  test('an error in the middle keeps the text before it', async () => {
    ollama.play((answer) => {
      answer.text('Use a');
      answer.line({ error: 'an error was encountered while running the model: EOF' });
      answer.response.end();
    });
    await expect(collect()).resolves.toMatchObject({ text: 'Use a', error: { code: 'engine.failed' } });
  });

  test('an answer that ends without its last line is truncated, not done', async () => {
    ollama.play((answer) => {
      answer.text('Use a');
      answer.response.end();
    });
    await expect(collect()).resolves.toMatchObject({ text: 'Use a', error: { code: 'engine.truncated' } });
  });

  test('a connection that breaks in the middle is truncated', async () => {
    ollama.play((answer) => {
      answer.text('Use a');
      setImmediate(() => answer.response.destroy());
    });
    await expect(collect()).resolves.toMatchObject({ error: { code: 'engine.truncated' } });
  });

  test('a line that is none of Ollama’s is a failure, never a silent gap', async () => {
    ollama.play((answer) => {
      answer.text('Use a');
      answer.raw('{"message":{"content":" prim\n');
      answer.done(3);
    });
    await expect(collect()).resolves.toMatchObject({ text: 'Use a', error: { code: 'engine.failed' } });
  });

  test('an engine that is not there is unavailable', async () => {
    const nobody = await ScriptedOllama.start();
    await nobody.close();
    const result = await collect({}, { ...door(), url: nobody.url });
    expect(result.error).toMatchObject({ code: 'engine.unavailable' });
  });

  test.each(['before the first token', 'in the middle'])('stopping %s reaches the engine', async (when) => {
    const stop = new AbortController();
    const reason = new AppError('gpu.job_cancelled');
    let hasLeft = false;
    ollama.play((answer) => {
      if (when === 'in the middle') answer.text('Use');
      void answer.left.then(() => (hasLeft = true));
    });
    const collected = collect({}, door(stop.signal));
    await eventually(() => ollama.asked.length === 1);
    stop.abort(reason);
    expect((await collected).error).toBe(reason);
    await eventually(() => hasLeft);
  });

  test('a reader that leaves early closes the connection', async () => {
    let hasLeft = false;
    ollama.play((answer) => {
      answer.text('Use');
      void answer.left.then(() => (hasLeft = true));
    });
    for await (const output of driver.stream(REQUEST, door(), PATIENCE)) {
      expect(output).toEqual({ type: 'text', text: 'Use' });
      break;
    }
    await eventually(() => hasLeft);
  });

  test.each([
    ['no first token', PATIENCE.firstTokenMs, ''],
    ['silence in the middle', PATIENCE.stallMs, 'Use'],
  ])('%s ends as stalled and frees the engine', async (_, patienceMs, text) => {
    const clock = new FakeClock();
    const patient = new OllamaDriver(clock);
    let hasLeft = false;
    ollama.play((answer) => {
      if (text !== '') answer.text(text);
      void answer.left.then(() => (hasLeft = true));
    });
    let heard = '';
    const reading = (async () => {
      for await (const output of patient.stream(REQUEST, door(), PATIENCE)) {
        if (output.type === 'text') heard += output.text;
      }
    })();
    const failed = expect(reading).rejects.toMatchObject({ code: 'engine.stalled' });
    await eventually(() => ollama.asked.length === 1 && heard === text);
    await clock.advance(patienceMs);
    await failed;
    await eventually(() => hasLeft);
    await patient.onApplicationShutdown();
  });
});
