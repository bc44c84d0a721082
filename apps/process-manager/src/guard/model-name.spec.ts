import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ModelNameReader } from './model-name.ts';

/** Any character, ASCII half of the time: `unit: 'binary'` draws up a table of a million first, each time anew. */
const character = fc
  .oneof(fc.nat(0x7f), fc.nat(0x10_ffff))
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

/** The name after the whole text, or the words about the first wrong field; fed in pieces of this size. */
function read(text: string, pieceBytes = 7): string | null {
  const reader = new ModelNameReader();
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) reader.feed(bytes.subarray(at, at + pieceBytes));
  } catch (error) {
    const [issue] = (error as { issues: { path: string; message: string }[] }).issues;
    return `${issue?.path} ${issue?.message}`;
  }
  return reader.name;
}

describe('the model of a body', () => {
  test.each([
    ['{"model":"llama3:8b"}', 'llama3:8b'],
    ['{ "messages": [{"model":"inner","content":"\\"model\\":\\"no\\""}], "model" : "a/b" }', 'a/b'],
    ['{"options":{"model":1},"mod\\u0065l":"caf\\u00e9"}', 'café'],
    ['{"Model":"taken as well"}', 'taken as well'],
    ['{"prompt":"ends in a backslash \\\\","model":"x"}', 'x'],
    ['{"text":"model","model":"after a value of that text"}', 'after a value of that text'],
  ])('of %s is found', (text, name) => {
    for (const pieceBytes of [1, 2, 7, 1_000]) expect(read(text, pieceBytes)).toBe(name);
  });

  test.each([
    ['{"prompt":"x"}', null],
    ['', null],
    ['[{"model":"x"}]', 'body must be an object'],
    ['"model"', null],
    ['--boundary', 'body must be an object'],
    ['{"model":7}', 'model must be a text'],
    ['{"model":null}', 'model must be a text'],
    ['{"model":{"model":"x"}}', 'model must be a text'],
    ['{"model":"a","x":1,"MODEL":"b"}', 'model must be there once'],
    [`{"model":"${'x'.repeat(600)}"}`, 'model is too long'],
    ['{"model":"\\q"}', 'body must be valid JSON'],
  ])('of %s is not taken from it', (text, expected) => {
    for (const pieceBytes of [1, 7, 1_000]) expect(read(text, pieceBytes)).toBe(expected);
  });

  test('is found in any JSON, however it is cut', () => {
    const others = fc.dictionary(
      fc.string({ unit: character, maxLength: 12 }).filter((key) => key.toLowerCase() !== 'model'),
      fc.jsonValue(),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(
        fc.tuple(
          others,
          others,
          fc.string({ unit: character, maxLength: 30 }),
          fc.integer({ min: 1, max: 9 }),
        ),
        ([before, after, model, pieceBytes]) => {
          const rest = Object.entries(after).filter(([key]) => !(key in before));
          const body = Object.fromEntries([...Object.entries(before), ['model', model], ...rest]);
          expect(read(JSON.stringify(body), pieceBytes)).toBe(model);
          expect(read(JSON.stringify(body, null, 2), pieceBytes)).toBe(model);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is found behind a picture of some megabytes in little time', () => {
    const picture = Buffer.alloc(30 * 1_048_576, 0x41).toString('latin1');
    const bytes = Buffer.from(`{"images":["${picture}"],"model":"llava"}`);
    const reader = new ModelNameReader();
    const from = performance.now();
    for (let at = 0; at < bytes.length; at += 65_536) reader.feed(bytes.subarray(at, at + 65_536));
    expect(reader.name).toBe('llava');
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
