import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { SimulatedPair, linesOf } from './testing/simulated-pair.ts';
import type { OllamaOptions } from '../options.ts';

let ollama: SimulatedPair;
afterEach(() => ollama.close());

async function start(options: Partial<OllamaOptions> = {}, totalMib?: number): Promise<void> {
  ollama = await SimulatedPair.start(options, totalMib);
}

/** A stream that has begun and goes on until it is read or left. */
async function running(
  model: string,
  more: object = {},
): Promise<{ leave: () => void; rest: () => Promise<string> }> {
  const leaving = new AbortController();
  const messages = [{ role: 'user', content: 'Hello' }];
  const response = await ollama.open('POST', '/api/chat', { model, messages, ...more }, leaving.signal);
  return { leave: () => leaving.abort(), rest: () => response.text() };
}

/** About 250 tokens in a third of a second at the speed of the tests. */
const UNHURRIED = { settings: { tokensPerSecond: 4 } };
/** A stream that will not end by itself while a test looks at it. */
const ENDLESS = { settings: { tokensPerSecond: 1, minReplyTokens: 50_000 } };

const names = async (): Promise<string[]> => (await ollama.ps()).map(({ name }) => name);
const usedMib = async (): Promise<number> => (await ollama.card()).usedMib;
const modelsOnCard = async (): Promise<string[]> =>
  (await ollama.card()).processes.map(({ label }) => label).filter((label) => label.includes(':'));

describe('loading', () => {
  test('a model that loads is not listed, though its memory already grows on the card', async () => {
    await start();
    await ollama.control({ faults: { slowLoad: { factor: 50, times: 1 } } });
    const loading = ollama.load('phi3');
    await eventually(async () => (await modelsOnCard()).includes('phi3:latest'));
    const seen = await usedMib();
    expect(await names()).toEqual([]);
    await eventually(async () => (await usedMib()) > seen);
    expect(await names()).toEqual([]);
    await loading;
    expect(await names()).toEqual(['phi3:latest']);
    expect(await ollama.ps()).toEqual([expect.objectContaining({ context_length: 4_096 })]);
  });

  test('one model loads at a time; one that is ready passes the queue', async () => {
    await start();
    await ollama.load('phi3');
    await ollama.control({ faults: { slowLoad: { factor: 60, times: 1 } } });
    const first = ollama.load('llava:13b');
    await eventually(async () => (await modelsOnCard()).includes('llava:13b'));
    const behind = ollama.post('/api/embed', { model: 'nomic-embed-text', input: 'x' }).then(() => 'behind');
    expect((await ollama.chat('phi3', 'Hello', { options: { num_predict: 2 } })).status).toBe(200);
    expect(await modelsOnCard()).not.toContain('nomic-embed-text:latest');
    expect(await Promise.race([first.then(() => 'first'), behind])).toBe('first');
    await behind;
  });

  test('a client that leaves takes the load with it', async () => {
    await start();
    await ollama.control({ faults: { slowLoad: { factor: 1_000, times: 1 } } });
    const leaving = new AbortController();
    const load = ollama.post('/api/generate', { model: 'phi3' }, leaving.signal);
    await eventually(async () => (await modelsOnCard()).includes('phi3:latest'));
    leaving.abort();
    await expect(load).rejects.toThrow('abort');
    await eventually(async () => (await usedMib()) === 0);
    expect(await names()).toEqual([]);
    expect((await ollama.load('phi3')).status).toBe(200);
  });

  test('the queue overflows with 503; requests for a ready model never do', async () => {
    await start({ maxQueue: 1 });
    await ollama.load('phi3');
    await ollama.control({ faults: { slowLoad: { factor: 60, times: 1 } } });
    const loading = ollama.load('llava:13b');
    await eventually(async () => (await modelsOnCard()).includes('llava:13b'));
    const embeds = [1, 2, 3].map(() => ollama.post('/api/embed', { model: 'nomic-embed-text', input: 'x' }));
    const refused = await Promise.race(embeds);
    expect(refused).toMatchObject({
      status: 503,
      json: { error: 'server busy, please try again.  maximum pending requests exceeded' },
    });
    expect((await ollama.chat('phi3', 'Hi', { options: { num_predict: 1 } })).status).toBe(200);
    await Promise.all([loading, ...embeds]);
  });

  test('another context length unloads and loads anew, after the requests in flight', async () => {
    await start();
    await ollama.control(UNHURRIED);
    const old = await running('phi3');
    const anew = ollama.chat('phi3', 'Hello', { options: { num_ctx: 2_048, num_predict: 1 } });
    expect(linesOf({ status: 200, type: '', text: await old.rest(), json: undefined }).at(-1)).toMatchObject({
      done: true,
    });
    expect(linesOf(await anew).at(-1)).toMatchObject({ done: true, load_duration: expect.any(Number) });
    expect(await ollama.ps()).toEqual([expect.objectContaining({ context_length: 2_048 })]);
  });

  test('more context than the model was trained for is clamped, without a reload each time', async () => {
    await start();
    await ollama.load('llava:13b', { options: { num_ctx: 100_000 } });
    const [before] = await ollama.ps();
    expect(before).toMatchObject({ context_length: 4_096 });
  });
});

describe('room', () => {
  test('an idle model leaves for one that needs its room, and its memory is back before the next load', async () => {
    await start();
    await ollama.load('gpt-oss:20b');
    await ollama.load('qwen3-coder:30b');
    expect(await names()).toEqual(['qwen3-coder:30b']);
    const { events } = (await (await fetch(`${ollama.cardUrl}/events`)).json()) as {
      events: { what: string; label: string; usedBytes: number }[];
    };
    const back = events.findIndex(({ what, label }) => what === 'reclaimed' && label === 'gpt-oss:20b');
    const next = events.findIndex(({ what, label }) => what === 'resized' && label === 'qwen3-coder:30b');
    expect(back).toBeGreaterThan(0);
    expect(next).toBeGreaterThan(back);
  });

  test('no more models than allowed stay', async () => {
    await start({ maxLoadedModels: 1 });
    await ollama.load('phi3');
    await ollama.post('/api/embed', { model: 'nomic-embed-text', input: 'x' });
    expect(await names()).toEqual(['nomic-embed-text:latest']);
  });

  test('a busy model is not killed for another one', async () => {
    await start({ maxLoadedModels: 1 });
    await ollama.control(UNHURRIED);
    const busy = await running('phi3');
    const other = ollama.load('llava:13b');
    const text = await busy.rest();
    expect(text).toContain('"done":true');
    await other;
    expect(await names()).toEqual(['llava:13b']);
  });

  test('on an empty server a model that does not fit goes to the CPU in part, without a word', async () => {
    await start({}, 8_192);
    await ollama.load('gpt-oss:20b');
    const [loaded] = await ollama.ps();
    expect(loaded?.size_vram).toBeGreaterThan(0);
    expect(loaded?.size_vram).toBeLessThan(loaded?.size ?? 0);
    expect(await usedMib()).toBeLessThanOrEqual(8_192);
  });

  test('memory that somebody else took after the first load is not noticed', async () => {
    await start();
    await ollama.load('phi3');
    await ollama.cardControl({ stowaways: [{ pid: 1, label: 'game', mib: 18_000 }] });
    await ollama.load('llava:13b');
    const loaded = await ollama.ps();
    expect(loaded.map(({ name }) => name).sort()).toEqual(['llava:13b', 'phi3:latest']);
    const llava = loaded.find(({ name }) => name === 'llava:13b');
    expect(llava?.size_vram).toBeLessThan(llava?.size ?? 0);
  });

  test('a load that runs out of memory says so', async () => {
    await start();
    await ollama.control({ faults: { loadOom: { times: 1 } } });
    expect(await ollama.load('phi3')).toMatchObject({
      status: 500,
      json: { error: expect.stringMatching(/^llama-server reported out-of-memory during startup: /) },
    });
    expect((await ollama.load('phi3')).status).toBe(200);
  });
});

describe('unloading', () => {
  test('goes to what the name stands for now: a model that was replaced while loaded stays, and is listed twice', async () => {
    await start();
    await ollama.load('phi3');
    const [old] = await ollama.ps();
    await ollama.control({ models: [{ name: 'phi3:latest', sizeBytes: 3_000_000_000 }] });
    expect((await ollama.unload('phi3')).json).toMatchObject({ done_reason: 'unload' });
    await ollama.load('phi3');
    expect(await names()).toEqual(['phi3:latest', 'phi3:latest']);
    await ollama.unload('phi3');
    await eventually(async () => (await names()).length === 1);
    expect((await ollama.ps())[0]?.digest).toBe(old?.digest);
  });

  test('is answered before the model is gone, and the driver reports the memory later still', async () => {
    await start();
    await ollama.cardControl({ lag: { lagMinMs: 40_000, lagMaxMs: 40_000 } });
    await ollama.load('phi3');
    const before = await usedMib();
    expect((await ollama.unload('phi3')).json).toMatchObject({ done_reason: 'unload' });
    await eventually(async () => (await names()).length === 0);
    expect(await usedMib()).toBeGreaterThanOrEqual(before);
    expect((await ollama.card()).processes).toContainEqual(
      expect.objectContaining({ isAlive: false, label: 'phi3:latest' }),
    );
    await eventually(async () => (await usedMib()) === 0);
  });

  test('never kills a request: it runs to its end with an expiry in the past, then the model leaves', async () => {
    await start();
    await ollama.control(UNHURRIED);
    const busy = await running('phi3');
    await ollama.unload('phi3');
    const [stopping] = await ollama.ps();
    expect(Date.parse(stopping?.expires_at ?? '')).toBeLessThanOrEqual(Date.now());
    expect(await busy.rest()).toContain('"done":true');
    await eventually(async () => (await names()).length === 0);
  });

  test('is cancelled by a new request with a keep-alive of its own', async () => {
    await start();
    await ollama.control(UNHURRIED);
    const busy = await running('phi3');
    await ollama.unload('phi3');
    const joined = ollama.chat('phi3', 'Hello', { keep_alive: '5m', options: { num_predict: 1 } });
    await busy.rest();
    await joined;
    expect(await names()).toEqual(['phi3:latest']);
  });

  test('by keep_alive 0 follows the answer', async () => {
    await start();
    await ollama.chat('phi3', 'Hello', { keep_alive: 0, options: { num_predict: 1 } });
    await eventually(async () => (await names()).length === 0);
  });

  test('happens by itself after the keep-alive, and a request without one keeps the old value', async () => {
    await start();
    await ollama.load('phi3', { keep_alive: -1 });
    await ollama.chat('phi3', 'Hello', { options: { num_predict: 1 } });
    const [forever] = await ollama.ps();
    expect(Date.parse(forever?.expires_at ?? '')).toBeGreaterThan(Date.now() + 200 * 365 * 86_400_000);
    await ollama.chat('phi3', 'Hello', { keep_alive: '50ms', options: { num_predict: 1 } });
    await eventually(async () => (await names()).length === 0);
  });

  test('can be ignored, and can hang with every request behind it until the fault ends', async () => {
    await start();
    await ollama.load('phi3');
    await ollama.control({ faults: { unloadIgnored: { times: 1 }, unloadHangs: { times: 1 } } });
    expect((await ollama.unload('phi3')).json).toMatchObject({ done_reason: 'unload' });
    expect(Date.parse((await ollama.ps())[0]?.expires_at ?? '')).toBeGreaterThan(Date.now());
    await ollama.unload('phi3');
    await eventually(async () => Date.parse((await ollama.ps())[0]?.expires_at ?? '') <= Date.now());
    let isAnswered = false;
    const behind = ollama.chat('phi3', 'Hello', { options: { num_predict: 1 } }).then((answer) => {
      isAnswered = true;
      return answer;
    });
    await ollama.ps();
    expect(isAnswered).toBe(false);
    await ollama.control({ faults: { unloadHangs: false } });
    expect((await behind).status).toBe(200);
  });
});

describe('slots', () => {
  test('a request that waits for a slot gets no headers, and leaves its place when its client does', async () => {
    await start();
    await ollama.control(ENDLESS);
    const busy = await running('phi3');
    const leaving = new AbortController();
    const waiting = ollama.chat('phi3', 'Hello', {}, leaving.signal);
    const after = ollama.chat('phi3', 'Hello', { options: { num_predict: 1 } });
    const winner = await Promise.race([waiting, after, ollama.ps()]);
    expect(winner).toEqual([expect.objectContaining({ name: 'phi3:latest' })]);
    leaving.abort();
    await expect(waiting).rejects.toThrow('abort');
    busy.leave();
    expect((await after).status).toBe(200);
  });

  test('as many requests run at once as OLLAMA_NUM_PARALLEL says, on memory that grows with it', async () => {
    await start({ numParallel: 2 });
    await ollama.control(ENDLESS);
    const [first, second] = [await running('phi3'), await running('phi3')];
    const [loaded] = await ollama.ps();
    expect((await ollama.card()).gpuUtil).toBeGreaterThan(0);
    first.leave();
    second.leave();
    await eventually(async () => (await ollama.card()).gpuUtil === 0);
    await ollama.close();
    await start({ numParallel: 1 });
    await ollama.load('phi3');
    expect(loaded?.size).toBeGreaterThan((await ollama.ps())[0]?.size ?? 0);
  });
});

describe('the end', () => {
  test('cuts every stream at once and takes the memory along', async () => {
    await start();
    await ollama.control(ENDLESS);
    const busy = await running('phi3');
    const cut = expect(busy.rest()).rejects.toThrow();
    await ollama.ps();
    await ollama.close();
    await cut;
    await start();
  });
});
