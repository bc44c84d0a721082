import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { replyLogKeys, type ReplyEvent } from '@baton/contracts';
import { eventually, startPrivateRedis, startRedis } from '@baton/testing';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { ReplyLogReader, type LoggedEvent } from './reader.ts';
import { shardOf } from './shard.ts';
import { ReplyLogWriter } from './writer.ts';

const END: ReplyEvent = { type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null };
const patient = (url: string): Redis =>
  new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });

function textOf(events: readonly LoggedEvent[]): string {
  return events.map(({ event }) => (event.type === 'text' ? event.text : '')).join('');
}

async function collect(follow: AsyncIterable<LoggedEvent>, limit = Infinity): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for await (const event of follow) {
    events.push(event);
    if (events.length >= limit) break;
  }
  return events;
}

describe('one Redis', () => {
  let url: string;
  const connections: Redis[] = [];
  const connect = (): Redis => {
    const redis = patient(url);
    connections.push(redis);
    return redis;
  };
  let writer: ReplyLogWriter;
  let reader: ReplyLogReader;
  const forEver = new AbortController();

  beforeAll(async () => {
    ({ url } = await startRedis());
    writer = new ReplyLogWriter(connect());
    reader = new ReplyLogReader(connect(), connect());
  });

  afterAll(() => {
    reader.close();
    for (const redis of connections) redis.disconnect();
  });

  test('whoever stops anywhere and goes on from the last event id has every character once', async () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(pieces, fc.array(fc.nat(6), { maxLength: 12 }), async (texts, cuts) => {
        const log = writer.open(randomUUID());
        const writing = (async () => {
          for (const text of texts) {
            log.append({ type: 'text', text });
            await nextTurn();
          }
          log.append(END);
          await log.close();
        })();
        const seen: LoggedEvent[] = [];
        for (const cut of [...cuts, Infinity]) {
          const after = seen.at(-1)?.offset ?? 0;
          if (seen.at(-1)?.event.type === 'end') break;
          seen.push(...(await collect(reader.follow(log.key, { after, signal: forEver.signal }), cut + 1)));
        }
        await writing;
        expect(textOf(seen)).toBe(texts.join(''));
        expect(seen.at(-1)?.event.type).toBe('end');
        expect(seen.at(-1)?.offset).toBe(log.offset);
      }),
      { numRuns: 60 },
    );
    expect(reader.followerCount).toBe(0);
  });

  test('a second reader that comes late has the same events as the first', async () => {
    const log = writer.open(randomUUID());
    const first = collect(reader.follow(log.key, { after: 0, signal: forEver.signal }));
    for (let at = 0; at < 50; at += 1) {
      log.append({ type: 'text', text: `${at} ` });
      if (at % 7 === 0) await log.flush();
    }
    const second = collect(reader.follow(log.key, { after: 0, signal: forEver.signal }));
    log.append(END);
    await log.close();
    expect(textOf(await second)).toBe(textOf(await first));
  });

  test('an id inside an event, or behind the log, is refused and named', async () => {
    const log = writer.open(randomUUID());
    log.append({ type: 'text', text: 'hello' });
    await log.flush();
    for (const after of [3, log.offset - 1, log.offset + 100]) {
      await expect(collect(reader.follow(log.key, { after, signal: forEver.signal }))).rejects.toMatchObject({
        code: 'request.invalid',
        issues: [{ path: 'Last-Event-ID' }],
      });
    }
  });

  test('a reader that leaves while nothing comes is gone at once', async () => {
    const leaving = new AbortController();
    const waiting = collect(reader.follow(randomUUID(), { after: 0, signal: leaving.signal }));
    await eventually(() => reader.followerCount === 1);
    leaving.abort();
    expect(await waiting).toEqual([]);
    expect(reader.followerCount).toBe(0);
  });

  test('a writer that starts anew goes on where its predecessor stopped', async () => {
    const key = randomUUID();
    const before = writer.open(key);
    before.append({ type: 'text', text: 'до' });
    await before.flush();
    const after = await new ReplyLogWriter(connect()).resume(key);
    expect(after.offset).toBe(before.offset);
    after.append(END);
    await after.close();
    const events = await collect(reader.follow(key, { after: 0, signal: forEver.signal }));
    expect(events.map(({ event }) => event.type)).toEqual(['text', 'end']);
  });

  test('of two writers of one log the one with the wrong length stops, and the log stays whole', async () => {
    const key = randomUUID();
    const first = writer.open(key);
    first.append({ type: 'text', text: 'mine' });
    await first.flush();
    const zombie = new ReplyLogWriter(connect()).open(key);
    zombie.append({ type: 'text', text: 'x' });
    await expect(zombie.flush()).rejects.toMatchObject({ code: 'reply.interrupted' });
    first.append(END);
    await first.close();
    const events = await collect(reader.follow(key, { after: 0, signal: forEver.signal }));
    expect(textOf(events)).toBe('mine');
  });

  test('a reader that falls far behind is led back through the durable text', async () => {
    const log = writer.open(randomUUID());
    const follow = reader.follow(log.key, { after: 0, signal: forEver.signal });
    log.append({ type: 'text', text: 'start ' });
    const seen: LoggedEvent[] = [];
    const first = await follow.next();
    if (first.value !== undefined) seen.push(first.value);
    for (let at = 0; at < 1_500; at += 1) {
      log.append({ type: 'progress', step: at, steps: 1_500 });
      if (at % 2 === 0) await log.flush();
    }
    log.append(END);
    await log.close();
    seen.push(...(await collect(follow)));
    const steps = seen.flatMap(({ event }) => (event.type === 'progress' ? [event.step] : []));
    expect(steps).toEqual(Array.from({ length: 1_500 }, (_, at) => at));
  });

  test('an event that can wait is written with the next one, in order, and alone when none comes', async () => {
    const key = randomUUID();
    const redis = connect();
    const log = writer.open(key);
    const before = await redis.xlen(replyLogKeys.shard(shardOf(key)));
    log.appendSoon({ type: 'state', state: 'streaming' });
    log.append({ type: 'text', text: 'a' });
    await log.flush();
    expect(await redis.xlen(replyLogKeys.shard(shardOf(key)))).toBe(before + 1);
    log.appendSoon({ type: 'text', text: 'b' });
    const whole =
      '{"type":"state","state":"streaming"}\n{"type":"text","text":"a"}\n{"type":"text","text":"b"}\n';
    await eventually(async () => (await redis.get(replyLogKeys.log(key))) === whole);
    log.appendSoon(END);
    await log.close();
    expect(await redis.get(replyLogKeys.log(key))).toContain('"type":"end"');
  });

  test('a log of megabytes is read whole, in parts', async () => {
    const log = writer.open(randomUUID());
    const texts = Array.from({ length: 90 }, (_, at) => `${at} `.padEnd(20_000, 'ы'));
    for (const text of texts) {
      log.append({ type: 'text', text });
      await log.flush();
    }
    log.append(END);
    await log.close();
    expect(log.offset).toBeGreaterThan(3_000_000);
    const events = await collect(reader.follow(log.key, { after: 0, signal: forEver.signal }));
    expect(textOf(events)).toBe(texts.join(''));
    expect(events.at(-1)?.offset).toBe(log.offset);
  });

  test('what a newer version wrote is passed over, and its place counts', async () => {
    const key = randomUUID();
    await connect().set(
      replyLogKeys.log(key),
      `{"type":"hologram"}\nno json\n{"type":"text","text":"a"}\n${JSON.stringify(END)}\n`,
    );
    const events = await collect(reader.follow(key, { after: 0, signal: forEver.signal }));
    expect(events.map(({ event, offset }) => [event.type, offset])).toEqual([
      ['text', 55],
      ['end', expect.any(Number)],
    ]);
  });

  test('while nobody reads, the shards are not read either, and who comes then misses nothing', async () => {
    const mine = new ReplyLogReader(connect(), patient(url));
    const leaving = new AbortController();
    const reading = collect(mine.follow(randomUUID(), { after: 0, signal: leaving.signal }));
    await eventually(() => mine.isReadingShards);
    leaving.abort();
    await reading;
    const log = writer.open(randomUUID());
    await eventually(async () => {
      // A write ends the read that waits; without a reader no other follows it.
      log.append({ type: 'text', text: 'a' });
      await log.flush();
      return !mine.isReadingShards;
    });
    const late = collect(mine.follow(log.key, { after: 0, signal: forEver.signal }));
    log.append(END);
    await log.close();
    expect((await late).at(-1)?.offset).toBe(log.offset);
    mine.close();
  });

  test('an ended log expires, an open one only after a day', async () => {
    const redis = connect();
    const log = writer.open(randomUUID());
    log.append({ type: 'text', text: 'x' });
    await log.flush();
    expect(await redis.pttl(replyLogKeys.log(log.key))).toBeGreaterThan(3_600_000);
    log.append(END);
    await log.close();
    expect(await redis.pttl(replyLogKeys.log(log.key))).toBeLessThanOrEqual(3_600_000);
  });
});

test('what Redis loses in a crash is written again, and a reader misses nothing', async () => {
  const server = await startPrivateRedis();
  const connections = [patient(server.url), patient(server.url), patient(server.url)] as const;
  const writer = new ReplyLogWriter(connections[0]);
  const reader = new ReplyLogReader(connections[1], connections[2]);
  const forEver = new AbortController();
  try {
    const log = writer.open(randomUUID());
    const seen: LoggedEvent[] = [];
    const reading = (async () => {
      for await (const event of reader.follow(log.key, { after: 0, signal: forEver.signal }))
        seen.push(event);
    })();
    log.append({ type: 'text', text: 'before ' });
    await log.flush();
    await eventually(() => seen.length === 1);
    await server.kill();
    log.append({ type: 'text', text: 'during ' });
    await server.start();
    log.append({ type: 'text', text: 'after' });
    log.append(END);
    await log.close();
    await reading;
    expect(textOf(seen)).toBe('before during after');
    expect(await connections[1].strlen(replyLogKeys.log(log.key))).toBe(log.offset);
  } finally {
    reader.close();
    for (const redis of connections) redis.disconnect();
    await server.remove();
  }
});
