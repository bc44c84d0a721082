import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WORD_CHARS, soughtWords, wordsOf } from './search-words.ts';

describe('the words of a text', () => {
  test.each<[string, string[]]>([
    ['Where is the Café?', ['where', 'is', 'the', 'cafe']],
    ['Ёлка и йод', ['елка', 'и', 'иод']],
    ['to be, or not to be', ['to', 'be', 'or', 'not']],
    ['snake_case foo.bar(x1)', ['snake', 'case', 'foo', 'bar', 'x1']],
    ['日本語', ['日本', '本語', '語']],
    ['GPT日本', ['gpt', '日本', '本']],
    ['🙂 % _ " \' -- * ( )', []],
    ['', []],
  ])('%j are %j', (text, words) => {
    expect([...wordsOf(text)]).toEqual(words);
  });

  test('a very long word is cut, and is still found by its beginning', () => {
    const long = 'a'.repeat(500);
    expect([...wordsOf(long)]).toEqual(['a'.repeat(WORD_CHARS)]);
    expect(soughtWords(long)).toEqual(['a'.repeat(WORD_CHARS)]);
  });
});

describe('what a search looks for', () => {
  test.each<[string, string[]]>([
    ['fence paint', ['fence', 'paint']],
    ['paint painting', ['painting']],
    ['本語', ['本語']],
    ['本', ['本']],
    ['日本語', ['日本', '本語']],
    ['*OR* "NEAR(', ['or', 'near']],
    ['%', []],
  ])('%j is %j', (text, words) => {
    expect(soughtWords(text)).toEqual(words);
  });

  test('every text is found by each of its words, and by each beginning of them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(), (text, cut) => {
        const words = [...wordsOf(text)];
        for (const word of words) {
          const letters = Array.from(word);
          const beginning = letters.slice(0, 1 + (cut % letters.length)).join('');
          for (const sought of soughtWords(beginning)) {
            expect(words.some((one) => one.startsWith(sought))).toBe(true);
          }
        }
        for (const sought of soughtWords(text))
          expect(words.some((one) => one.startsWith(sought))).toBe(true);
      }),
    );
  });

  test('a text is found by a bounded number of words, from its beginning on, whatever its length', () => {
    const signs = Array.from({ length: 60_000 }, (_, n) => String.fromCodePoint(0x4e00 + (n % 20_000)));
    const words = wordsOf(`first ${signs.join('')}`);
    expect(words.size).toBe(5_000);
    expect(words.has('first')).toBe(true);
    expect(wordsOf(`${'a '.repeat(200_000)} behind`)).toEqual(new Set(['a']));
    // This sign alone is a sentence when it is folded.
    expect(wordsOf(`${'\u{fdfa}'.repeat(10_000)} behind`).has('behind')).toBe(false);
  });
});
