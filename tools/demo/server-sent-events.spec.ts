import { expect, test } from '@jest/globals';
import { readServerSentEvents } from './server-sent-events.ts';

async function* stream(...chunks: string[]): AsyncGenerator<string> {
  yield* chunks;
}

test('events come out whole wherever the network cut them', async () => {
  const text = 'id: 7\ndata: {"a":1}\n\n: alive\n\nid: 9\ndata: one\ndata: two\n\n';
  for (const size of [1, 3, 7, text.length]) {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    await expect(Array.fromAsync(readServerSentEvents(stream(...chunks)))).resolves.toEqual([
      { id: '7', data: '{"a":1}' },
      { id: '9', data: 'one\ntwo' },
    ]);
  }
});

test('an event that was cut off by the end of the stream is not told', async () => {
  await expect(Array.fromAsync(readServerSentEvents(stream('data: whole\n\ndata: half')))).resolves.toEqual([
    { id: null, data: 'whole' },
  ]);
});
