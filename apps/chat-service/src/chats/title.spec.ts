import { expect, test } from '@jest/globals';
import { titleFrom } from './title.ts';

test.each([
  ['How do I paint a fence?', 'How do I paint a fence?'],
  ['\n\n  Как   покрасить забор?\nПодробно.', 'Как покрасить забор?'],
  ['a\tb\u0000c', 'a b c'],
  ['', ''],
  ['\u0000\n \t ', ''],
])('the title of %j is its first line with something in it', (message, title) => {
  expect(titleFrom(message)).toBe(title);
});

test('a long line is cut at a word', () => {
  const title = titleFrom('one two three four five six seven eight nine ten eleven twelve thirteen');
  expect(title).toBe('one two three four five six seven eight nine ten eleven…');
});

test('a long word is cut in its middle, and never inside a character', () => {
  const title = titleFrom('🙂'.repeat(100));
  expect(Array.from(title)).toHaveLength(60);
  expect(title).toBe(`${'🙂'.repeat(59)}…`);
});
