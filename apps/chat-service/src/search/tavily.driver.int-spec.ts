import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { eventually } from '@baton/testing';
import { ScriptedTavily } from '../testing/scripted-tavily.ts';
import { TavilyDriver } from './tavily.driver.ts';
import type { FoundPage } from './web-search.ts';

const KEY = 'tvly-a-key-of-these-tests';

describe('search with Tavily', () => {
  let tavily: ScriptedTavily;
  let clock: FakeClock;
  let driver: TavilyDriver;

  beforeAll(async () => {
    tavily = await ScriptedTavily.start();
  });
  afterAll(() => tavily.close());
  beforeEach(() => {
    tavily.asked.length = 0;
    tavily.find([]);
    clock = new FakeClock();
    driver = new TavilyDriver({ apiKey: KEY, url: tavily.url }, clock);
  });

  function search(signal = new AbortController().signal): Promise<FoundPage[]> {
    return driver.search({ query: 'paint a fence', maxResults: 5, signal });
  }

  test('one request with the key as a bearer token; pages come as they were found', async () => {
    tavily.find([
      { title: 'Fences', url: 'https://a.example/', content: 'Use a primer.' },
      { title: null, url: 'https://b.example/', content: null },
    ]);
    await expect(search()).resolves.toEqual([
      { title: 'Fences', url: 'https://a.example/', text: 'Use a primer.' },
      { title: '', url: 'https://b.example/', text: '' },
    ]);
    expect(tavily.asked).toMatchObject([
      {
        path: '/search',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: { query: 'paint a fence', max_results: 5, include_answer: false },
      },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([
    [400, '{"detail":{"error":"Query is missing."}}'],
    [401, '{"detail":{"error":"Unauthorized: missing or invalid API key."}}'],
    [429, '{"detail":{"error":"Your request has been blocked due to excessive requests."}}'],
    [432, '{"detail":{"error":"This request exceeds your plan\'s set usage limit."}}'],
    [433, '{"detail":{"error":"This request exceeds the pay-as-you-go limit."}}'],
    [500, 'Internal Server Error'],
  ])('a refusal with %d is one failed search, and nothing is asked again', async (status, body) => {
    tavily.refuse(status, body);
    await expect(search()).rejects.toMatchObject({
      code: 'search.failed',
      details: { provider: 'tavily', why: 'refused', status },
    });
    expect(tavily.asked).toHaveLength(1);
  });

  test.each(['', '<html>', '[]', '{"results":"none"}', '{"results":[{"title":"no address"}]}'])(
    'an answer of %j cannot be read',
    async (body) => {
      tavily.refuse(200, body);
      await expect(search()).rejects.toMatchObject({
        code: 'search.failed',
        details: { why: 'unreadable' },
      });
    },
  );

  test('an answer without end is left after a megabyte', async () => {
    let isLeft = false;
    tavily.play((response) => {
      response.on('close', () => (isLeft = true));
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(search()).rejects.toMatchObject({ code: 'search.failed', details: { why: 'too_large' } });
    await eventually(() => isLeft);
  });

  test('a server that does not answer is left after some seconds, headers or not', async () => {
    for (const begins of [false, true]) {
      tavily.asked.length = 0;
      let isLeft = false;
      tavily.play((response) => {
        response.on('close', () => (isLeft = true));
        if (begins) response.write('{"results":');
      });
      const failed = expect(search()).rejects.toMatchObject({
        code: 'search.failed',
        details: { why: 'timeout' },
      });
      await eventually(() => tavily.asked.length === 1);
      await clock.advance(8_000);
      await failed;
      await eventually(() => isLeft);
    }
  });

  test('a stop ends the request with the reason of the stop', async () => {
    tavily.play(() => undefined);
    const stop = new AbortController();
    const stopped = expect(search(stop.signal)).rejects.toThrow('pressed');
    await eventually(() => tavily.asked.length === 1);
    stop.abort(new Error('pressed'));
    await stopped;
    expect(clock.pendingTimers).toBe(0);
  });

  test('the key does not follow a redirect', async () => {
    const other = await ScriptedTavily.start();
    tavily.play((response) => {
      response.writeHead(307, { location: `${other.url}/search` });
      response.end();
    });
    await expect(search()).rejects.toMatchObject({ code: 'search.failed' });
    expect(other.asked).toEqual([]);
    await other.close();
  });

  test('a server that is not there is a failed search', async () => {
    driver = new TavilyDriver({ apiKey: KEY, url: 'http://127.0.0.1:1' }, clock);
    await expect(search()).rejects.toMatchObject({
      code: 'search.failed',
      details: { why: 'unreachable' },
    });
  });

  test('without a key nothing is asked', async () => {
    driver = new TavilyDriver({ apiKey: null, url: tavily.url }, clock);
    expect(driver.isSetUp).toBe(false);
    await expect(search()).rejects.toMatchObject({ code: 'search.not_set_up' });
    expect(tavily.asked).toEqual([]);
  });

  test('neither the key nor the query stands in what is logged of a failure', async () => {
    tavily.refuse(401, `{"detail":{"error":"bad key ${KEY}"}}`);
    const error: unknown = await search().catch((failure: unknown) => failure);
    expect(JSON.stringify(error)).not.toMatch(/tvly|paint/);
  });
});
