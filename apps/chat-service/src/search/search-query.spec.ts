import { describe, expect, test } from '@jest/globals';
import { ANSWER_LIMITS } from '@baton/contracts';
import { queryFrom, queryPrompt } from './search-query.ts';

describe('the query', () => {
  test.each([
    ['node 24 release notes', 'node 24 release notes'],
    ['"node 24 release notes"', 'node 24 release notes'],
    ['Query: node 24 release notes\n\nThis finds the notes.', 'node 24 release notes'],
    ['**Search query:** `node 24`', 'node 24'],
    ['Запрос: «покраска забора»', 'покраска забора'],
    ['- node 24', 'node 24'],
    ['<think>The user wants\nnews.</think>\n\nnode 24 news', 'node 24 news'],
    ['\n\n   node   24 \n', 'node 24'],
  ])('%j becomes %j', (written, query) => {
    expect(queryFrom(written, 'the question')).toBe(query);
  });

  test.each(['', '   \n', '""', '<think>still thinking about', 'Query:'])(
    'of %j nothing is left, so the user’s own words are searched for',
    (written) => {
      expect(queryFrom(written, 'What is\nnew in Node?')).toBe('What is new in Node?');
    },
  );

  test('is never longer than a provider takes, and ends with a word', () => {
    const long = queryFrom('', 'many words '.repeat(100));
    expect(long.length).toBeLessThanOrEqual(ANSWER_LIMITS.searchQueryChars);
    expect(long).toMatch(/(many|words)$/);
  });

  test('is written by a model that sees the last turns and the date, and no system prompt', () => {
    const turns = Array.from({ length: 10 }, (_, index) => ({
      role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: `turn ${index} ${'x'.repeat(5_000)}`,
    }));
    const prompt = queryPrompt([{ role: 'system', content: 'a secret' }, ...turns], '2026-11-21');
    const text = JSON.stringify(prompt);
    expect(text).toContain('Today is 2026-11-21');
    expect(text).toContain('turn 9');
    expect(text).not.toContain('turn 5');
    expect(text).not.toContain('a secret');
    expect(text.length).toBeLessThan(8_000);
  });
});
