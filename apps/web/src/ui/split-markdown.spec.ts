import { describe, expect, test } from '@jest/globals';
import { splitMarkdown } from './split-markdown.ts';

describe('cutting Markdown into pieces', () => {
  test('paragraphs are pieces, and together they are the text', () => {
    const text = 'One.\n\nTwo.\n\n## Three\n\nFour.';
    expect(splitMarkdown(text)).toHaveLength(4);
    expect(splitMarkdown(text).join('\n')).toBe(text);
  });

  test('a code block with blank lines in it stays whole', () => {
    const fence = '```ts\nconst a = 1;\n\nconst b = 2;\n```';
    expect(splitMarkdown(`Before.\n\n${fence}\n\nAfter.`)[1]).toBe(`${fence}\n`);
  });

  test('a shorter fence inside a longer one does not close it', () => {
    expect(splitMarkdown('````md\n```js\n\nlet a;\n```\n\nstill code\n````')).toHaveLength(1);
  });

  test('a code block that has not ended yet is one piece', () => {
    expect(splitMarkdown('```py\nprint(1)\n\nprint(2)')).toHaveLength(1);
  });

  test('a list with blank lines between its items stays whole, numbered or not', () => {
    expect(splitMarkdown('1. one\n\n2. two\n\n   more\n\n3. three')).toHaveLength(1);
    expect(splitMarkdown('- one\n\n- two')).toHaveLength(1);
  });

  test('a text with link definitions or footnotes is not cut', () => {
    expect(splitMarkdown('See [it][1].\n\nMore.\n\n[1]: https://example.org')).toHaveLength(1);
  });

  test('a growing text changes its last piece only', () => {
    const text = 'One.\n\nTwo.\n\n```\ncode\n\nmore\n```\n\nThree.\n\n- a\n\n- b\n\nFour.';
    for (let length = 1; length < text.length; length += 1) {
      const before = splitMarkdown(text.slice(0, length));
      const after = splitMarkdown(text.slice(0, length + 1));
      const settled = before.slice(0, -1);
      expect(after.slice(0, settled.length)).toEqual(settled);
    }
  });
});
