import { expect, test } from '@jest/globals';
import { Heap } from './heap.ts';

function heapOf(numbers: readonly number[]): Heap<number> {
  const heap = new Heap<number>((a, b) => a < b);
  for (const number of numbers) heap.push(number);
  return heap;
}

test('the array has the order that heapq gives it, which is not sorted', () => {
  expect(heapOf([5, 3, 8, 1, 9, 2]).items).toEqual([1, 3, 2, 5, 9, 8]);
});

test('after a pop the array has the order that heapq gives it', () => {
  const heap = heapOf([5, 3, 8, 1, 9, 2]);
  expect(heap.pop()).toBe(1);
  expect(heap.items).toEqual([2, 3, 8, 5, 9]);
});

test('entries come out smallest first', () => {
  const heap = heapOf([7, 4, 4, 9, 0, 3]);
  const taken = Array.from({ length: 6 }, () => heap.pop());
  expect(taken).toEqual([0, 3, 4, 4, 7, 9]);
  expect(heap.pop()).toBeUndefined();
});

test('removing takes only the first entry that fits and keeps the rest a heap', () => {
  const heap = heapOf([5, 3, 8, 1, 9, 2]);
  expect(heap.remove((number) => number > 2)).toBe(true);
  expect(heap.remove((number) => number > 100)).toBe(false);
  expect(Array.from({ length: 5 }, () => heap.pop())).toEqual([1, 2, 5, 8, 9]);
});
