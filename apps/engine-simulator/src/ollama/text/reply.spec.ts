import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { composeReply } from './reply.ts';
import { languageOf, personsWords, shorten } from './question.ts';
import type { Question } from './question.ts';
import { tokenize } from './tokens.ts';

function ask(text: string, more: Partial<Question> = {}): Question {
  return { text, systemPrompt: '', turns: 1, model: 'phi3:latest', seed: -1, images: [], ...more };
}

describe('an answer', () => {
  test('says in the language of the question that no model runs, and takes the question up', () => {
    const english = composeReply(ask('Why is the sky blue?')).text;
    expect(english).toContain('simulator');
    expect(english).toMatch(/^## You asked: Why is the sky blue\?/);
    const russian = composeReply(ask('Почему небо голубое?')).text;
    expect(russian).toContain('симулятор');
    expect(russian).toMatch(/^## Вы спросили: Почему небо голубое\?/);
  });

  test('has a heading, a list, a table and a code block', () => {
    const { text } = composeReply(ask('Please compare apples with pears and pears with plums'));
    expect(text).toMatch(/^### /m);
    expect(text).toMatch(/^- \*\*pears\*\* × 2$/m);
    expect(text).toMatch(/^\| Words \| 9 \|$/m);
    expect(text).toMatch(/^```bash$/m);
  });

  test('is the same for the same question and seed', () => {
    const texts = [1, 2, 3, 4, 5, 6].map((seed) => composeReply(ask('Tell me a story', { seed })).text);
    expect(composeReply(ask('Tell me a story', { seed: 3 })).text).toBe(texts[2]);
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  test('to the chore of writing a title is one short line', () => {
    const systemPrompt = 'Write a short title for the conversation. Reply with the title only.';
    const { text } = composeReply(ask('How do I grow tomatoes on a small balcony?', { systemPrompt }));
    expect(text).not.toContain('\n');
    expect(text.toLowerCase()).toContain('tomatoes');
    expect(text.length).toBeLessThan(60);
  });
});

test('a conversation that is to be named gets its own words for a name, in their order', () => {
  const systemPrompt = 'You name conversations for a list. Answer with the name and nothing else.';
  const name = (question: string): string =>
    composeReply(
      ask(`Question:\n${question}\n\nAnswer:\nNo model is running.\n\nName of this conversation:`, {
        systemPrompt,
      }),
    ).text;
  expect(name('Which light suits a picture of a lighthouse?')).toBe('Light suits picture lighthouse');
  expect(name('Какой свет подходит маяку?')).toBe('Какой свет подходит маяку');
});

test('tokens put together are the text, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(tokenize(text).join('')).toBe(text);
    }),
  );
});

test.each([
  ['Describe: <request>a red fox</request> in JSON', 'a red fox'],
  ['Turn this into a prompt.\nUser description: a red fox\nAnswer in JSON.', 'a red fox'],
  ['Составь промпт.\nЗапрос пользователя: рыжая лиса', 'рыжая лиса'],
  ['a red fox', 'a red fox'],
])('the person’s words in %p are %p', (prompt, words) => {
  expect(personsWords(prompt)).toBe(words);
});

test('language is told by the letters', () => {
  expect(languageOf('Привет, как работает GPU?')).toBe('ru');
  expect(languageOf('What does “привет” mean?')).toBe('en');
  expect(languageOf('42')).toBe('en');
});

test('shortening cuts at a word and never exceeds the limit', () => {
  expect(shorten('one two three four', 12)).toBe('one two…');
  fc.assert(
    fc.property(
      fc.string(),
      fc.integer({ min: 1, max: 40 }),
      (text, limit) => shorten(text, limit).length <= limit,
    ),
  );
});
