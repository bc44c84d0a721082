import { expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { Breaker } from './breaker.ts';

const OPEN_MS = 20_000;

function opened() {
  const clock = new FakeClock();
  const breaker = new Breaker(clock);
  for (let n = 0; n < 3; n += 1) breaker.enter()?.failed();
  return { clock, breaker };
}

test('opens after three failures in a row, and not when something worked between', () => {
  const breaker = new Breaker(new FakeClock());
  breaker.enter()?.failed();
  breaker.enter()?.failed();
  breaker.enter()?.worked();
  breaker.enter()?.failed();
  breaker.enter()?.failed();
  expect(breaker.state).toBe('closed');
  breaker.enter()?.failed();
  expect(breaker.state).toBe('open');
  expect(breaker.enter()).toBeNull();
});

test('what says nothing about the server counts for nothing', () => {
  const breaker = new Breaker(new FakeClock());
  for (let n = 0; n < 9; n += 1) breaker.enter()?.left();
  expect(breaker.state).toBe('closed');
});

test('half-open lets one probe through; when it works everybody may go', async () => {
  const { clock, breaker } = opened();
  await clock.advance(OPEN_MS);
  expect(breaker.state).toBe('half_open');
  const probe = breaker.enter();
  expect(breaker.enter()).toBeNull();
  expect(breaker.isPassable).toBe(false);
  probe?.worked();
  expect(breaker.state).toBe('closed');
  expect(breaker.enter()).not.toBeNull();
});

test('a probe that fails opens it again, one that just left lets the next one try', async () => {
  const { clock, breaker } = opened();
  await clock.advance(OPEN_MS);
  breaker.enter()?.failed();
  expect(breaker.state).toBe('open');
  await clock.advance(OPEN_MS);
  breaker.enter()?.left();
  expect(breaker.state).toBe('half_open');
  expect(breaker.enter()).not.toBeNull();
});

test('the first words of a probe let others through, and its failure after them opens it at once', async () => {
  const { clock, breaker } = opened();
  await clock.advance(OPEN_MS);
  const probe = breaker.enter();
  probe?.answering();
  expect(breaker.state).toBe('closed');
  expect(breaker.enter()).not.toBeNull();
  probe?.failed();
  expect(breaker.state).toBe('open');
});

test('work that was let through before it opened does not hold it open for longer', async () => {
  const clock = new FakeClock();
  const breaker = new Breaker(clock);
  const passes = [1, 2, 3, 4].map(() => breaker.enter());
  for (const pass of passes.slice(0, 3)) pass?.failed();
  await clock.advance(OPEN_MS - 1);
  passes[3]?.failed();
  await clock.advance(1);
  expect(breaker.state).toBe('half_open');
});
