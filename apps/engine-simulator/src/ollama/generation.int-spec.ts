import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { SimulatedPair, linesOf } from './testing/simulated-pair.ts';

let ollama: SimulatedPair;
beforeAll(async () => {
  ollama = await SimulatedPair.start();
});
afterAll(() => ollama.close());
afterEach(async () => {
  const { json } = await ollama.ask('GET', '/__control');
  const faults = Object.keys((json as { faults: object }).faults);
  await ollama.control({ faults: Object.fromEntries(faults.map((name) => [name, false])) });
});

describe('faults', () => {
  test('an error in mid-stream is the last line, under HTTP 200', async () => {
    await ollama.control({ faults: { midStreamError: { afterTokens: 2, times: 1 } } });
    const answer = await ollama.chat('phi3', 'Hello');
    expect(answer.status).toBe(200);
    expect(linesOf(answer)).toEqual([
      expect.objectContaining({ done: false }),
      expect.objectContaining({ done: false }),
      { error: 'an error was encountered while running the model: unexpected EOF' },
    ]);
    expect(linesOf(await ollama.chat('phi3', 'Hello')).at(-1)).toMatchObject({ done: true });
  });

  test('the same error before the first token, or without a stream, has a status of its own', async () => {
    await ollama.control({ faults: { midStreamError: { afterTokens: 0, message: 'boom', times: 1 } } });
    expect(await ollama.chat('phi3', 'Hello')).toMatchObject({ status: 500, json: { error: 'boom' } });
    await ollama.control({ faults: { midStreamError: { afterTokens: 2, message: 'boom', times: 1 } } });
    expect(await ollama.chat('phi3', 'Hello', { stream: false })).toMatchObject({
      status: 500,
      json: { error: 'boom' },
    });
  });

  test('a stream can end without its final object', async () => {
    await ollama.control({ faults: { endsWithoutDone: { afterTokens: 3, times: 2 } } });
    const lines = linesOf(await ollama.chat('phi3', 'Hello'));
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line['done'] === false)).toBe(true);
    const whole = await ollama.chat('phi3', 'Hello', { stream: false });
    expect(whole).toMatchObject({ status: 200, json: { done: false } });
    expect(whole.json).not.toHaveProperty('done_reason');
  });

  test('a request can be stuck before its first byte, and its slot is free again when the client leaves', async () => {
    await ollama.load('phi3');
    await ollama.control({ faults: { stuckBeforeFirstByte: { times: 1 } } });
    const leaving = new AbortController();
    const stuck = ollama.chat('phi3', 'Hello', {}, leaving.signal);
    await eventually(async () => {
      const { json } = await ollama.ask('GET', '/__control');
      return (
        (json as { faults: { stuckBeforeFirstByte: { armed: unknown } } }).faults.stuckBeforeFirstByte
          .armed === false
      );
    });
    const next = ollama.chat('phi3', 'Hello', { options: { num_predict: 1 } });
    leaving.abort();
    await expect(stuck).rejects.toThrow('abort');
    expect((await next).status).toBe(200);
  });

  test('memory that runs out while a model runs expires every model', async () => {
    await ollama.load('phi3');
    await ollama.post('/api/embed', { model: 'nomic-embed-text', input: 'x' });
    expect((await ollama.ps()).length).toBeGreaterThan(1);
    await ollama.control({ faults: { runtimeOom: { afterTokens: 0, times: 1 } } });
    expect(await ollama.chat('phi3', 'Hello')).toMatchObject({
      status: 500,
      json: { error: 'an error was encountered while running the model: CUDA error: out of memory' },
    });
    await eventually(async () => (await ollama.ps()).length === 0);
  });

  test('a child that dies takes its stream with it, and its model is gone', async () => {
    await ollama.control({ faults: { runnerCrash: { afterTokens: 1, times: 1 } } });
    const lines = linesOf(await ollama.chat('phi3', 'Hello'));
    expect(lines.at(-1)).toEqual({ error: expect.stringMatching(/^model runner has unexpectedly stopped/) });
    expect((await ollama.ps()).map(({ name }) => name)).not.toContain('phi3:latest');
  });
});
