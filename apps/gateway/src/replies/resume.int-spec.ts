import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getReply, replyLogKey, replyLogKeys, type EndEvent, type ReplyEvent } from '@baton/contracts';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { EventStreams } from '../sse/event-streams.service.ts';
import { readUntilCut, type ReadPart } from '../testing/cut-reader.ts';
import { reply } from '../testing/examples.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';
import { SocketClient } from '../testing/socket-client.ts';

/** Set by jest.config.mjs for the nightly run, which cuts more than ten thousand times. */
const NIGHTLY = ((globalThis as { BATON_TRACES?: number }).BATON_TRACES ?? 0) > 0;
const CASES = NIGHTLY ? 3_000 : 150;
const CASES_WITH_RESTARTS = NIGHTLY ? 200 : 8;

const END: EndEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };

let gateway: GatewayHarness;
let token: string;
let redis: Redis;
let writer: ReplyLogWriter;
let id = 1_000;

beforeAll(async () => {
  gateway = await GatewayHarness.start({ REQUESTS_PER_MINUTE: '10000000' });
  token = await gateway.register('reader');
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  writer = new ReplyLogWriter(redis);
});
afterAll(async () => {
  redis.disconnect();
  await gateway.stop();
});

/** What a model says, in pieces as engines send them: a character may be torn in two between its surrogates. */
interface Piece {
  readonly kind: 'text' | 'thinking';
  readonly words: string;
  /** Turns of the event loop before it is written: none puts pieces into one event. */
  readonly turns: number;
}

const pieces = fc
  .array(
    fc.record({
      kind: fc.constantFrom('text' as const, 'text' as const, 'thinking' as const),
      words: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
      turns: fc.nat(3),
      tear: fc.nat(9),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((all) =>
    all.flatMap(({ words, tear, ...rest }): Piece[] =>
      [words.slice(0, tear), words.slice(tear)]
        .filter((part) => part !== '')
        .map((part) => ({ ...rest, words: part })),
    ),
  );
/** Bytes of the body after which each connection breaks; the last one does not. */
const cuts = fc.array(fc.nat(300), { minLength: 4, maxLength: 14 });

/** What a page has of a reply: it adds what comes, and forgets everything at a `reset`. */
class Page {
  text = '';
  thinking = '';
  lastEventId: string | undefined;
  hasEnded = false;
  readonly ids: string[] = [];

  take(event: ReplyEvent, eventId: string | undefined): void {
    if (eventId !== undefined) {
      this.lastEventId = eventId;
      this.ids.push(eventId);
    }
    if (event.type === 'reset') {
      this.text = event.text;
      this.thinking = event.thinking ?? '';
    }
    if (event.type === 'text') this.text += event.text;
    if (event.type === 'thinking') this.thinking += event.text;
    if (event.type === 'end') this.hasEnded = true;
  }
}

const said = (all: readonly Piece[], kind: Piece['kind']): string =>
  all.flatMap((piece) => (piece.kind === kind ? [piece.words] : [])).join('');

async function write(replyId: number, all: readonly Piece[]): Promise<void> {
  const log = writer.open(replyLogKey(replyId));
  for (const { kind, words, turns } of all) {
    for (let turn = 0; turn < turns; turn += 1) await nextTurn();
    log.append({ type: kind, text: words });
  }
  log.append(END);
  await log.close();
}

async function readOn(page: Page, replyId: number, bytes: number): Promise<ReadPart> {
  const url = `${gateway.url}/api/replies/${replyId}/events`;
  const part = await readUntilCut({ url, token, lastEventId: page.lastEventId, bytes });
  for (const { id: eventId, event } of part.events) page.take(event, eventId);
  return part;
}

function expectWhole(page: Page, all: readonly Piece[]): void {
  expect(page.text).toBe(said(all, 'text'));
  expect(page.thinking).toBe(said(all, 'thinking'));
  expect(page.hasEnded).toBe(true);
}

async function expectNothingLeft(): Promise<void> {
  await eventually(() => gateway.app.get(EventStreams).openCount === 0);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
}

test('cut off at any byte, any number of times, a reader has every character once; a second one sees the same', async () => {
  let cutCount = 0;
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: 'streaming' }));
  await fc.assert(
    fc.asyncProperty(pieces, cuts, async (all, at) => {
      id += 1;
      const replyId = id;
      const second = new Page();
      const steady = readOn(second, replyId, Infinity);
      const writing = write(replyId, all);
      const page = new Page();
      for (const bytes of at) {
        if (page.hasEnded) break;
        const { isWhole } = await readOn(page, replyId, bytes);
        if (!isWhole) cutCount += 1;
      }
      if (!page.hasEnded) await readOn(page, replyId, Infinity);
      await Promise.all([steady, writing]);
      expectWhole(page, all);
      expectWhole(second, all);
      expect(page.ids).toEqual(second.ids);
      expect(new Set(page.ids).size).toBe(page.ids.length);
    }),
    { numRuns: CASES },
  );
  expect(cutCount).toBeGreaterThan(CASES * 3.5);
  await expectNothingLeft();
});

test('the same over WebSockets that are cut between any two messages', async () => {
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: 'streaming' }));
  await fc.assert(
    fc.asyncProperty(pieces, fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }), async (all, at) => {
      id += 1;
      const replyId = id;
      const writing = write(replyId, all);
      const page = new Page();
      for (const count of [...at, Infinity]) {
        if (page.hasEnded) break;
        const client = await SocketClient.enter(gateway.url, token);
        const { lastEventId } = page;
        client.send({
          type: 'follow',
          reply_id: replyId,
          ...(lastEventId === undefined ? {} : { after: Number(lastEventId) }),
        });
        for (const { id: eventId, event } of await client.events(replyId, count)) {
          page.take(event, eventId === null ? undefined : String(eventId));
        }
        client.cut();
        await client.closed;
      }
      await writing;
      expectWhole(page, all);
      expect(new Set(page.ids).size).toBe(page.ids.length);
    }),
    { numRuns: Math.ceil(CASES / 3) },
  );
  await expectNothingLeft();
});

/** What happens between two connections of a reader. */
const between = fc.array(
  fc.record({
    bytes: fc.nat(300),
    then: fc.constantFrom('nothing', 'nothing', 'restart', 'expiry'),
  }),
  { minLength: 2, maxLength: 8 },
);

test('gateways that restart and logs that expire lose and double nothing either', async () => {
  await fc.assert(
    fc.asyncProperty(pieces, between, async (all, steps) => {
      id += 1;
      const replyId = id;
      gateway.fake.on(getReply, () => reply(replyId, { state: 'streaming' }));
      const writing = write(replyId, all);
      const page = new Page();
      for (const { bytes, then } of steps) {
        if (page.hasEnded) break;
        await readOn(page, replyId, bytes);
        if (then === 'restart') gateway = await gateway.restart();
        if (then === 'expiry') {
          // Only what has ended expires, and then the message is stored.
          await writing;
          const whole = { content: said(all, 'text'), thinking: said(all, 'thinking') };
          gateway.fake.on(getReply, () => reply(replyId, { state: 'done', ...whole }));
          await redis.del(replyLogKeys.log(replyLogKey(replyId)));
        }
      }
      if (!page.hasEnded) await readOn(page, replyId, Infinity);
      await writing;
      expectWhole(page, all);
    }),
    { numRuns: CASES_WITH_RESTARTS },
  );
  await expectNothingLeft();
});

test('a gateway that restarts while a reader reads ends the stream, and the next one goes on behind it', async () => {
  id += 1;
  const replyId = id;
  gateway.fake.on(getReply, () => reply(replyId, { state: 'streaming' }));
  const log = writer.open(replyLogKey(replyId));
  const page = new Page();
  const words = Array.from({ length: 60 }, (_, at) => `слово ${at} `);
  let reading = readOn(page, replyId, Infinity);
  for (const [at, text] of words.entries()) {
    log.append({ type: 'text', text });
    await log.flush();
    if (at % 20 !== 10) continue;
    gateway = await gateway.restart();
    expect((await reading).isWhole).toBe(true);
    reading = readOn(page, replyId, Infinity);
  }
  log.append(END);
  await log.close();
  await reading;
  expect(page.text).toBe(words.join(''));
  expect(page.hasEnded).toBe(true);
});
