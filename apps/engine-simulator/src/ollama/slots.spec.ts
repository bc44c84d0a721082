import { expect, test } from '@jest/globals';
import { Slots } from './slots.ts';

const NEVER = new AbortController().signal;

test('slots are given in the order of asking', async () => {
  const slots = new Slots(1);
  await slots.take(NEVER);
  const order: string[] = [];
  const first = slots.take(NEVER).then(() => order.push('first'));
  const second = slots.take(NEVER).then(() => order.push('second'));
  slots.give();
  await first;
  slots.give();
  await second;
  expect(order).toEqual(['first', 'second']);
});

test('a waiter that leaves gives its place to the next one', async () => {
  const slots = new Slots(1);
  await slots.take(NEVER);
  const leaving = new AbortController();
  const left = slots.take(leaving.signal);
  const next = slots.take(NEVER);
  leaving.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  slots.give();
  await next;
  slots.give();
  await slots.take(NEVER);
});
