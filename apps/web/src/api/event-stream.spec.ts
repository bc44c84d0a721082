import { describe, expect, test } from '@jest/globals';
import type { Clock } from '@baton/kernel';
import { readEventStream } from './event-stream.ts';

/** Waits end at once; how long they would have been is kept. Silence never strikes. */
function impatientClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (ms, run) => {
      if (ms >= 60_000) return () => undefined;
      waits.push(ms);
      let isWanted = true;
      queueMicrotask(() => isWanted && run());
      return () => {
        isWanted = false;
      };
    },
  };
  return { clock, waits };
}

function answer(...parts: readonly string[]): Response {
  const text = new TextEncoder();
  return new Response(
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const part of parts) controller.enqueue(text.encode(part));
        controller.close();
      },
    }),
  );
}

interface Scene {
  readonly answers: readonly (() => Response)[];
  readonly stopAt?: string;
  readonly signal?: AbortSignal;
}

async function follow({ answers, stopAt, signal = new AbortController().signal }: Scene) {
  const { clock, waits } = impatientClock();
  const resumedFrom: (string | undefined)[] = [];
  const seen: string[] = [];
  let opened = 0;
  const outcome = await readEventStream({
    open: (headers) => {
      resumedFrom.push(headers['last-event-id']);
      const next = answers[opened];
      opened += 1;
      if (next === undefined) throw new Error('the test has no more answers');
      return Promise.resolve(next());
    },
    onEvent: (event) => {
      seen.push(event.data);
      return event.data === stopAt ? 'stop' : 'go-on';
    },
    signal,
    clock,
    wake: () => new Promise(() => undefined),
    random: () => 0.5,
  });
  return { outcome, resumedFrom, seen, waits };
}

describe('reading server-sent events', () => {
  test('a broken stream goes on behind the last event that arrived', async () => {
    const { outcome, resumedFrom, seen } = await follow({
      answers: [
        () => answer('id: 10\ndata: a\n\n', 'id: 20\nda'),
        () => answer('id: 20\ndata: b\n\nid: 30\ndata: c\n\n'),
      ],
      stopAt: 'c',
    });
    expect(outcome).toBe('stopped');
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(resumedFrom).toEqual([undefined, '10']);
  });

  test('a gateway that is away is asked again, less and less often', async () => {
    const away = (): Response => {
      throw new TypeError('no network');
    };
    const busy = (): Response => new Response(null, { status: 503 });
    const { outcome, waits } = await follow({
      answers: [away, busy, away, busy, () => answer('data: z\n\n')],
      stopAt: 'z',
    });
    expect(outcome).toBe('stopped');
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits).toHaveLength(4);
    expect(waits.at(-1)).toBeGreaterThan(waits[0] ?? 0);
  });

  test('a refusal is final', async () => {
    const { outcome, resumedFrom } = await follow({ answers: [() => new Response(null, { status: 404 })] });
    expect(outcome).toBe('refused');
    expect(resumedFrom).toHaveLength(1);
  });

  test('too many requests is no refusal', async () => {
    const { outcome } = await follow({
      answers: [() => new Response(null, { status: 429 }), () => answer('data: z\n\n')],
      stopAt: 'z',
    });
    expect(outcome).toBe('stopped');
  });

  test('an abort ends it between two attempts', async () => {
    const over = new AbortController();
    const { outcome } = await follow({
      answers: [
        () => {
          over.abort();
          return answer('data: a\n\n');
        },
      ],
      signal: over.signal,
    });
    expect(outcome).toBe('aborted');
  });
});
