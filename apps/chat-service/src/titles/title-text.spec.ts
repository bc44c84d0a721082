import { describe, expect, test } from '@jest/globals';
import { titleOf, titlePrompt } from './title-text.ts';

describe('a title out of what a model said', () => {
  test.each([
    ['Покраска забора', 'Покраска забора'],
    ['"Painting a fence"', 'Painting a fence'],
    ['«Покраска забора».', 'Покраска забора'],
    ['**Title: Painting a fence**', 'Painting a fence'],
    ['# Painting a fence', 'Painting a fence'],
    ['Название: Покраска забора', 'Покраска забора'],
    ['\n\n  Painting   a\tfence \n\nBecause it is about paint.', 'Painting a fence'],
    ['The title of a book', 'The title of a book'],
    ['C++ и указатели', 'C++ и указатели'],
    ['Node.js 24', 'Node.js 24'],
  ])('%j becomes %j', (said, title) => {
    expect(titleOf(said)).toBe(title);
  });

  test('is cut at a word after 60 characters', () => {
    const title = titleOf('Painting a fence '.repeat(10));
    expect(Array.from(title).length).toBeLessThanOrEqual(60);
    expect(title).toMatch(/^Painting a fence .*(fence|a|Painting)…$/);
  });

  test.each(['', '   \n ', '"""', '***', '...'])('%j holds none', (said) => {
    expect(titleOf(said)).toBe('');
  });
});

test('a long conversation is asked about by its beginnings', () => {
  const [, asked] = titlePrompt('q'.repeat(10_000), 'a'.repeat(10_000));
  expect(asked?.content.length).toBeLessThan(1_500);
  expect(asked?.content).toContain('qqq');
  expect(asked?.content).toContain('aaa');
});
