import { expect, test } from '@jest/globals';
import { AppError, FakeClock } from '@baton/kernel';
import { Log } from '@baton/platform';
import { pino } from 'pino';
import type { InstalledModel } from '../engines/ollama-api.ts';
import type { ChatEngine } from '../engines/chat-engine.ts';
import type { SeatRequest } from './answer-place.ts';
import { InstanceHealth } from './instance-health.ts';
import { OllamaPlace } from './ollama-place.ts';

const LOOK_MS = 10_000;
const SECOND_LOOK_MS = 1_000;
const OPEN_MS = 20_000;

/** A server with one slot that can go away; how its answers go is up to the test. */
async function setUp() {
  let failure: AppError | null = null;
  const answer = async <T>(told: T): Promise<T> => {
    if (failure !== null) throw failure;
    return Promise.resolve(told);
  };
  const clock = new FakeClock();
  const log = new Log(pino({ level: 'silent' }));
  const installed = (): Promise<InstalledModel[]> => answer([]);
  const api = { installed, loaded: () => answer([]), capabilities: () => answer([]) };
  const health = new InstanceHealth({ server: '1', api, clock, log });
  const instance = { server: '1', url: 'http://127.0.0.1:1', maxConcurrent: 1, profiles: [] };
  const engine: ChatEngine = { stream: () => Promise.reject(new Error('nobody asks it here')) as never };
  const place = new OllamaPlace({ instance, engine, health, clock });
  health.start();
  await clock.advance(0);
  return { clock, health, place, goAway: () => (failure = new AppError('engine.stalled')) };
}

function wish(jobId: string, onFreed?: SeatRequest['onFreed']): SeatRequest {
  return {
    ...{ jobId, userId: 1, chatId: 1, replyId: 1, model: 'phi3', estimateMs: 1_000 },
    urgency: 'interactive',
    signal: new AbortController().signal,
    onWaiting: () => undefined,
    ...(onFreed === undefined ? {} : { onFreed }),
  };
}

const fails = (): Promise<never> => Promise.reject(new AppError('engine.failed'));

test('whoever waits behind an answer that hangs is sent away when the server is found to be down', async () => {
  const { clock, health, place, goAway } = await setUp();
  const hanging = Promise.withResolvers<string>();
  const holder = place.use(wish('a'), () => hanging.promise);
  const freed: boolean[] = [];
  const waiter = place.use(
    wish('b', ({ isQuiet }) => freed.push(isQuiet)),
    () => Promise.resolve('b'),
  );
  goAway();
  await clock.advance(LOOK_MS);
  expect(place.view()).toMatchObject({ running: 1, waiting: 1 });
  const refused = expect(waiter).rejects.toMatchObject({ code: 'engine.unavailable' });
  await clock.advance(SECOND_LOOK_MS);
  await refused;
  expect(freed).toEqual([true]);
  expect(place.view()).toMatchObject({ state: 'down', running: 1, waiting: 0 });
  hanging.resolve('after all');
  await expect(holder).resolves.toBe('after all');
  health.stop();
});

test('a server that is down is not asked, and is looked at once more at once', async () => {
  const { clock, health, place, goAway } = await setUp();
  goAway();
  await clock.advance(LOOK_MS + SECOND_LOOK_MS);
  let isAsked = false;
  const asked = place.use(wish('a'), () => Promise.resolve((isAsked = true)));
  const before = place.view().checked_at;
  await clock.advance(1);
  await expect(asked).rejects.toMatchObject({ code: 'engine.unavailable' });
  expect(isAsked).toBe(false);
  expect(place.view()).toMatchObject({ running: 0, waiting: 0 });
  await health.look();
  expect(place.view().checked_at).not.toBe(before);
  health.stop();
});

test('while one answer tries whether it works again, nobody else is sent there', async () => {
  const { clock, health, place } = await setUp();
  for (let n = 0; n < 3; n += 1) await expect(place.use(wish(String(n)), fails)).rejects.toThrow();
  expect(place.view().breaker).toBe('open');
  await clock.advance(OPEN_MS);
  expect(place.view().breaker).toBe('half_open');
  const probe = Promise.withResolvers<string>();
  const trying = place.use(wish('probe'), () => probe.promise);
  await clock.advance(0);
  expect(place.view().breaker).toBe('open');
  probe.resolve('works');
  await trying;
  expect(place.view().breaker).toBe('closed');
  health.stop();
});
