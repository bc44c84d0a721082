import { describe, expect, test } from '@jest/globals';
import { CHAT_LIMITS } from '@baton/contracts';
import { titleOf } from './chat-title.ts';

describe('the name of a new chat', () => {
  test('a short question is its own name', () => {
    expect(titleOf('  How do bicycles work?  ')).toBe('How do bicycles work?');
  });

  test('only the first line counts', () => {
    expect(titleOf('Fix this:\n\nconst a = 1;')).toBe('Fix this:');
  });

  test('a long line is cut at a word', () => {
    const title = titleOf('word '.repeat(40));
    expect(title.endsWith('word…')).toBe(true);
    expect(title.length).toBeLessThanOrEqual(61);
  });

  test('a line without spaces is cut all the same and stays within the limit of the gateway', () => {
    expect(titleOf('я'.repeat(5_000)).length).toBeLessThan(CHAT_LIMITS.titleChars);
  });
});
