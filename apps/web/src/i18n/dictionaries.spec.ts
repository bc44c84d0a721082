import { describe, expect, test } from '@jest/globals';
import { ERRORS } from '@baton/kernel';
import { chatEn } from './chat-en.ts';
import { chatRu } from './chat-ru.ts';
import { en as pageEn } from './en.ts';
import { errorsRu } from './errors-ru.ts';
import { gpuScreenEn } from './gpu-screen-en.ts';
import { gpuScreenRu } from './gpu-screen-ru.ts';
import { modelsScreenEn } from './models-screen-en.ts';
import { modelsScreenRu } from './models-screen-ru.ts';
import { pictureEn } from './picture-en.ts';
import { pictureRu } from './picture-ru.ts';
import { ru as pageRu } from './ru.ts';
import { workScreensEn } from './work-screens-en.ts';
import { workScreensRu } from './work-screens-ru.ts';

const en = {
  ...pageEn,
  chat: chatEn,
  gpu_screen: gpuScreenEn,
  models_screen: modelsScreenEn,
  picture: pictureEn,
  work: workScreensEn,
};
const ru = {
  ...pageRu,
  chat: chatRu,
  gpu_screen: gpuScreenRu,
  models_screen: modelsScreenRu,
  picture: pictureRu,
  work: workScreensRu,
};

const PLURAL = /_(zero|one|two|few|many|other)$/;

function entriesOf(words: object, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]: [string, unknown]): [string, string][] =>
    typeof value === 'string'
      ? [[`${path}${key}`, value]]
      : typeof value === 'object' && value !== null
        ? entriesOf(value, `${path}${key}.`)
        : [],
  );
}

const stems = (words: object): string[] => [
  ...new Set(entriesOf(words).map(([key]) => key.replace(PLURAL, ''))),
];
const slots = (text: string): string[] =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').sort();

describe('the dictionaries', () => {
  test('English and Russian have the same keys in the same order', () => {
    expect(stems(ru)).toEqual(stems(en));
  });

  test.each([
    ['en', en],
    ['ru', ru],
  ] as const)('%s has every plural form that its grammar needs', (language, words) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const keys = new Set(entriesOf(words).map(([key]) => key));
    const counted = [...keys].filter((key) => PLURAL.test(key)).map((key) => key.replace(PLURAL, ''));
    // `waiting_for` and the like end in no plural form; these do.
    expect(new Set(counted)).toEqual(
      new Set([
        'timeline.tokens',
        'gpu.waiting',
        'chat.truncated',
        'chat.stopped',
        'work.batch.count',
        'picture.count',
        'picture.delete_title',
      ]),
    );
    for (const key of counted) for (const form of forms) expect(keys).toContain(`${key}_${form}`);
  });

  test('a translation uses the same values as the original', () => {
    const english = new Map(entriesOf(en));
    for (const [key, text] of entriesOf(ru)) {
      const original = english.get(key) ?? english.get(key.replace(PLURAL, '_other')) ?? '';
      expect([key, slots(text)]).toEqual([key, slots(original)]);
    }
  });

  test('nothing is left empty', () => {
    for (const [key, text] of [...entriesOf(en), ...entriesOf(ru)]) {
      expect([key, text.trim() !== '']).toEqual([key, true]);
    }
  });

  test('every error code has a Russian sentence', () => {
    expect(Object.keys(ERRORS).filter((code) => !Object.hasOwn(errorsRu, code))).toEqual([]);
  });
});
