import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ThoughtTags, type Told } from './thought-tags.ts';

function tell(pieces: readonly string[]): Told {
  const tags = new ThoughtTags();
  const told = [...pieces.map((piece) => tags.push(piece)), tags.rest()];
  return {
    text: told.map(({ text }) => text).join(''),
    thinking: told.map(({ thinking }) => thinking).join(''),
  };
}

test.each<[string, string, string]>([
  ['<think>Hm. A fence?</think>\n\nPaint it.', 'Hm. A fence?', 'Paint it.'],
  ['\n<think>\nHm.\n</think>Paint it.', '\nHm.\n', 'Paint it.'],
  ['<think></think>\n\nPaint it.', '', 'Paint it.'],
  ['<think>a < b and </thin, then </think>Yes.', 'a < b and </thin, then ', 'Yes.'],
  ['<think>Cut off in the midd', 'Cut off in the midd', ''],
  ['<think>Hm.</thi', 'Hm.</thi', ''],
  ['Paint it.', '', 'Paint it.'],
  ['Write <think> before and </think> after it.', '', 'Write <think> before and </think> after it.'],
  ['<thinking>is another tag</thinking>', '', '<thinking>is another tag</thinking>'],
  ['<', '', '<'],
  ['  \n', '', '  \n'],
  ['', '', ''],
])('%j: thoughts %j, answer %j, however it is cut', (said, thinking, text) => {
  expect(tell([said])).toEqual({ text, thinking });
  expect(tell(Array.from(said))).toEqual({ text, thinking });
});

test('an answer without tags at its beginning goes through as it comes', () => {
  const tags = new ThoughtTags();
  expect(['Paint', ' it', '<think>'].map((piece) => tags.push(piece).text)).toEqual([
    'Paint',
    ' it',
    '<think>',
  ]);
});

test('nothing is lost or held for ever, whatever is said in whatever pieces', () => {
  const word = fc.constantFrom('<', 'think', '>', '</', 'think>', '<think>', '</think>', 'a', ' ', '\n');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (pieces) => {
      const whole = tell([pieces.join('')]);
      expect(tell(pieces)).toEqual(whole);
      const kept = `${whole.thinking}${whole.text}`.replaceAll(/\s/g, '');
      const said = pieces.join('').replaceAll(/\s/g, '');
      expect([
        said,
        said.replace('<think>', ''),
        said.replace('<think>', '').replace('</think>', ''),
      ]).toContain(kept);
    }),
  );
});
