import { describe, expect, test } from '@jest/globals';
import { linkCitations } from './citations.ts';

const link = (text: string): string => linkCitations(text, new Set([1, 2]), (n) => `#s${n}`);

describe('citations in an answer', () => {
  test.each([
    ['Dry wood first [1].', 'Dry wood first [\\[1\\]](#s1).'],
    ['Both say so [1][2].', 'Both say so [\\[1\\]](#s1)[\\[2\\]](#s2).'],
    ['[2] says no', '[\\[2\\]](#s2) says no'],
  ])('%s leads to its source', (text, linked) => {
    expect(link(text)).toBe(linked);
  });

  test.each([
    ['a number without a source', 'Nobody knows [7].'],
    ['the text of a link', 'See [1](https://a.example).'],
    ['the label of a link', 'See [the page][1].'],
    ['the beginning of a definition', '[1]: https://a.example'],
    ['code in a line', 'Write `list[1]` there.'],
    ['a block of code', 'So:\n```js\nlist[1];\n```\n'],
    ['a block that is still being written', 'So:\n```js\nlist[1]'],
    ['an escaped bracket', 'Not \\[1] this.'],
  ])('%s stays as it is', (_, text) => {
    expect(link(text)).toBe(text);
  });

  test('without sources nothing is looked for', () => {
    expect(linkCitations('As said [1].', new Set(), String)).toBe('As said [1].');
  });
});
