import { expect, test } from '@jest/globals';
import { Writable } from 'node:stream';
import { FakeClock } from '@baton/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EventStream, wantsEventStream } from './event-stream.ts';

const LIMITS = { heartbeatMs: 15_000, stallMs: 30_000, maxBufferedBytes: 10_000 };

/** The raw side of an answer whose reader takes bytes only when told to. */
class Reader extends Writable {
  head: { readonly status: number; readonly headers: Record<string, unknown> } | undefined;
  text = '';
  private taken: (() => void) | undefined;
  private readonly isSlow: boolean;

  constructor(pace: 'quick' | 'slow' = 'quick') {
    super({ highWaterMark: 1_000 });
    this.isSlow = pace === 'slow';
  }

  writeHead(status: number, headers: Record<string, unknown>): void {
    this.head = { status, headers };
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.isSlow) this.taken = done;
    else done();
  }

  take(): void {
    const { taken } = this;
    this.taken = undefined;
    taken?.();
  }
}

function open(reader: Reader) {
  const clock = new FakeClock();
  const reply = {
    raw: reader,
    statusCode: 201,
    hijack: () => undefined,
    getHeaders: () => ({ 'x-correlation-id': 'abc' }),
  } as unknown as FastifyReply;
  return { clock, stream: new EventStream(reply, clock, LIMITS) };
}

const big = (size: number): string => JSON.stringify('x'.repeat(size));

test('nothing is sent before the start, and then the head keeps status and headers of the reply', () => {
  const reader = new Reader();
  const { stream } = open(reader);
  expect(reader.head).toBeUndefined();
  stream.write({ id: 12, event: 'text', json: '{"type":"text"}' });
  expect(reader.head).toMatchObject({
    status: 201,
    headers: {
      'x-correlation-id': 'abc',
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    },
  });
  expect(reader.text).toBe('retry: 1000\n\nid: 12\nevent: text\ndata: {"type":"text"}\n\n');
  stream.close();
});

test('a stream on which nothing moves sends a comment each 15 s, until it is closed', async () => {
  const reader = new Reader();
  const { stream, clock } = open(reader);
  stream.start();
  await clock.advance(45_000);
  expect(reader.text.match(/^:$/gm)).toHaveLength(3);
  stream.close();
  expect(clock.pendingTimers).toBe(0);
});

test('a reader that takes nothing never has more kept for it than the bound, and loses its connection', () => {
  const reader = new Reader('slow');
  const { stream, clock } = open(reader);
  let most = 0;
  for (let sent = 0; sent < 100 && !stream.signal.aborted; sent += 1) {
    stream.write({ event: 'status', json: big(1_000) });
    most = Math.max(most, reader.writableLength);
  }
  expect(most).toBeLessThan(LIMITS.maxBufferedBytes + 1_100);
  expect(stream.signal.reason).toBe('too slow');
  expect(reader.destroyed).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a source that waits for a slow reader goes on when the reader has taken what there was', async () => {
  const reader = new Reader('slow');
  const { stream, clock } = open(reader);
  stream.write({ event: 'text', json: big(2_000) });
  expect(stream.isCongested).toBe(true);
  let isDrained = false;
  const drained = stream.drained().then(() => (isDrained = true));
  await clock.advance(LIMITS.stallMs - 1);
  expect(isDrained).toBe(false);
  reader.take();
  await new Promise(setImmediate);
  reader.take();
  await drained;
  expect(stream.signal.aborted).toBe(false);
  stream.close();
  expect(clock.pendingTimers).toBe(0);
});

test('a reader that stalls for too long is sent away', async () => {
  const reader = new Reader('slow');
  const { stream, clock } = open(reader);
  stream.write({ event: 'text', json: big(2_000) });
  const drained = stream.drained();
  await clock.advance(LIMITS.stallMs);
  await drained;
  expect(stream.signal.reason).toBe('stalled');
  expect(reader.destroyed).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test('a client that leaves ends the stream, and what is written afterwards goes nowhere', async () => {
  const reader = new Reader();
  const { stream, clock } = open(reader);
  stream.start();
  reader.destroy();
  await new Promise(setImmediate);
  expect(stream.signal.reason).toBe('left');
  stream.write({ event: 'text', json: '""' });
  stream.close();
  expect(reader.text).not.toContain('event: text');
  expect(clock.pendingTimers).toBe(0);
});

test('closing sends the end of the answer, once', () => {
  const reader = new Reader();
  const { stream } = open(reader);
  stream.start();
  stream.close();
  stream.close();
  expect(reader.writableEnded).toBe(true);
});

test.each([
  ['text/event-stream', true],
  ['application/json, text/event-stream;q=0.9', true],
  ['TEXT/EVENT-STREAM', true],
  ['*/*', false],
  ['application/json', false],
  [undefined, false],
])('Accept: %s asks for a stream: %s', (accept, expected) => {
  expect(wantsEventStream({ headers: { accept } } as FastifyRequest)).toBe(expected);
});
