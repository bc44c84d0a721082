import { expect, test } from '@jest/globals';
import { FinishedWork, finishedReport, questionKey, seedKey } from './finished-work.ts';

test('what was finished is listed in order, with the time', () => {
  const work = new FinishedWork();
  work.add({ engine: 'ollama', key: 'a' }, 1);
  work.add({ engine: 'comfyui', key: '7' }, 2);
  expect(work.list()).toEqual([
    { at: 1, engine: 'ollama', key: 'a' },
    { at: 2, engine: 'comfyui', key: '7' },
  ]);
});

test('a question is told apart and not repeated', () => {
  expect(questionKey('Who are you?')).toBe(questionKey('Who are you?'));
  expect(questionKey('Who are you?')).not.toBe(questionKey('Who am I?'));
  expect(questionKey('Who are you?')).toMatch(/^[0-9a-f]{32}$/);
});

test('a graph is known by its seeds, wherever they are; links and words are none', () => {
  const graph = {
    '1': { inputs: { noise_seed: 5, text: 'seed' } },
    '2': { inputs: { seed: 9 } },
    '3': { inputs: { seed: ['1', 0] } },
  };
  expect(seedKey(graph)).toBe('5,9');
  expect(seedKey({})).toBe('');
});

test('a report without a key is none', () => {
  expect(finishedReport.safeParse({ engine: 'ollama', key: '' }).success).toBe(false);
});
