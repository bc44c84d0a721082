import { describe, expect, test } from '@jest/globals';
import {
  CHANGE_FORMAT,
  DESCRIPTION_FORMAT,
  MAX_PROMPT_CHARS,
  PROMPT_FORMAT,
  readDescription,
  readPrompt,
  readSettings,
} from './answers.ts';

test('the prompt is taken out of the JSON that was asked for', () => {
  expect(readPrompt('{"prompt":"A white fence at dusk."}')).toBe('A white fence at dusk.');
});

test('prose and fences around the JSON do not matter', () => {
  const answer = 'Sure! Here it is:\n```json\n{"prompt": "A cat."}\n```\nEnjoy.';
  expect(readPrompt(answer)).toBe('A cat.');
});

test('empty praise is dropped and what is left reads well', () => {
  const answer = JSON.stringify({ prompt: 'A photorealistic cat,  8k, Masterpiece, on a sofa .' });
  expect(readPrompt(answer)).toBe('A cat, on a sofa.');
});

test.each([
  '',
  'I cannot do that.',
  '{"prompt": }',
  '{"text":"A cat."}',
  '{"prompt":5}',
  '{"prompt":"   "}',
  '{"prompt":"8k, masterpiece"}',
  '}{',
  JSON.stringify({ prompt: 'x'.repeat(MAX_PROMPT_CHARS + 1) }),
])('%j is no prompt', (answer) => {
  expect(readPrompt(answer)).toBeNull();
});

describe('settings', () => {
  test('stand beside the prompt', () => {
    expect(readSettings('{"prompt":"A fence.","denoise":0.6,"steps":28}')).toEqual({
      denoise: 0.6,
      steps: 28,
    });
  });

  test.each(['', '{"prompt":"A fence."}', '{"denoise":"much","steps":28}', '{"denoise":null,"steps":28}'])(
    '%j is none, and the prompt is judged by itself',
    (answer) => {
      expect(readSettings(answer)).toBeNull();
    },
  );
});

test('what a model sees is one paragraph', () => {
  expect(readDescription('{"description":"A red barn.\\n\\nGrass in front of it."}')).toBe(
    'A red barn. Grass in front of it.',
  );
  expect(readDescription('{"description":"…"}')).toBeNull();
  expect(readDescription('A red barn.')).toBeNull();
});

test.each([
  [PROMPT_FORMAT, ['prompt']],
  [CHANGE_FORMAT, ['prompt', 'denoise', 'steps']],
  [DESCRIPTION_FORMAT, ['description']],
])('a schema for Ollama asks for exactly its fields', (format, fields) => {
  expect(format).toMatchObject({ type: 'object', required: fields, additionalProperties: false });
  expect(JSON.stringify(format)).not.toMatch(/maxLength|minLength/);
});
