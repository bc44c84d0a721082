import { expect, test } from '@jest/globals';
import { LEASE_HEARTBEAT_MS, LEASE_SAFETY_MS, LEASE_TTL_MS } from '@baton/contracts';
import { FakeClock } from '@baton/kernel';
import { FIRST_BEAT_MS, Heartbeat } from './heartbeat.ts';

/** A Redis that answers, refuses, or stays silent. */
class Redis {
  answer: boolean | 'silent' | 'broken' = true;
  asked = 0;
  renew = (): Promise<boolean> => {
    this.asked += 1;
    if (this.answer === 'silent') return new Promise(() => undefined);
    return this.answer === 'broken' ? Promise.reject(new Error('away')) : Promise.resolve(this.answer);
  };
}

function setUp() {
  const clock = new FakeClock(0);
  const redis = new Redis();
  const lostAt: number[] = [];
  const heartbeat = new Heartbeat({ clock, renew: redis.renew, lost: () => lostAt.push(clock.now()) });
  return { clock, redis, lostAt, heartbeat };
}

test('a lease that is confirmed lives as long as its holder', async () => {
  const { clock, redis, lostAt, heartbeat } = setUp();
  heartbeat.start();
  await clock.advance(60_000);
  expect(lostAt).toEqual([]);
  expect(redis.asked).toBe(60);
  heartbeat.stop();
  expect(clock.pendingTimers).toBe(0);
});

test.each(['silent', 'broken'] as const)(
  'while Redis is %s the holder stops by itself before the lease can expire',
  async (answer) => {
    const { clock, redis, lostAt, heartbeat } = setUp();
    heartbeat.start();
    await clock.advance(10_500);
    redis.answer = answer;
    await clock.advance(20_000);
    const lastConfirmedMs = FIRST_BEAT_MS + 10_000;
    expect(lostAt).toEqual([lastConfirmedMs + LEASE_TTL_MS - LEASE_SAFETY_MS]);
    expect(clock.pendingTimers).toBe(0);
  },
);

test('a short outage of Redis is lived through', async () => {
  const { clock, redis, lostAt, heartbeat } = setUp();
  heartbeat.start();
  await clock.advance(1_500);
  redis.answer = 'broken';
  await clock.advance(2_400);
  redis.answer = true;
  await clock.advance(10_000);
  expect(lostAt).toEqual([]);
  heartbeat.stop();
});

test('a lease that was taken back is known as lost with the next heartbeat', async () => {
  const { clock, redis, lostAt, heartbeat } = setUp();
  heartbeat.start();
  await clock.advance(1_500);
  redis.answer = false;
  await clock.advance(1_000);
  expect(lostAt).toEqual([FIRST_BEAT_MS + 2_000]);
});

test('a grant that nobody confirms at once is not believed for longer than one interval', async () => {
  const { clock, redis, lostAt, heartbeat } = setUp();
  redis.answer = 'silent';
  heartbeat.start();
  await clock.advance(20_000);
  expect(lostAt).toEqual([LEASE_HEARTBEAT_MS]);
});

test('two heartbeats may be lost before the holder has to stop', () => {
  expect(LEASE_HEARTBEAT_MS * 3).toBeLessThan(LEASE_TTL_MS - LEASE_SAFETY_MS + 1);
});
