import { describe, expect, test } from '@jest/globals';
import { fileNameIn } from './answer-of.ts';

describe('the name of a file that the gateway sends', () => {
  test.each([
    ['attachment; filename="chat.md"', 'chat.md'],
    ['attachment; filename=chat.json; size=3', 'chat.json'],
    [`attachment; filename="chat.md"; filename*=UTF-8''%D0%97%D0%B0%D0%B1%D0%BE%D1%80.md`, 'Забор.md'],
    ["attachment; filename*=UTF-8''%E0%A4%A", null],
    ['inline', null],
    [null, null],
  ])('%s', (disposition, name) => {
    expect(fileNameIn(disposition)).toBe(name);
  });
});
