import { expect, test } from '@jest/globals';
import { getReply, readGpuQueue } from '@baton/contracts';
import { EventReader } from './testing/event-reader.ts';
import { reply } from './testing/examples.ts';
import { GatewayHarness } from './testing/gateway-harness.ts';

test('a shutdown ends open streams in good order and does not wait for their readers', async () => {
  const gateway = await GatewayHarness.start();
  const token = await gateway.register('watcher');
  gateway.fake.on(getReply, ({ replyId }) => reply(replyId, { state: 'streaming' }));
  gateway.fake.on(readGpuQueue, () => ({ entries: [] }));
  const readers = [];
  for (const path of ['/api/gpu/events', '/api/replies/1/events']) {
    const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    readers.push(new EventReader(response));
  }
  const startedAt = performance.now();
  const rests = Promise.all(readers.map((reader) => reader.rest()));
  await gateway.stop();
  const [feed, followed] = await rests;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(feed?.every(({ event }) => event === 'queue')).toBe(true);
  expect(followed).toEqual([]);
});
