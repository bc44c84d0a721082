import { expect, test } from '@jest/globals';
import { MAX_PROMPT_CHARS, PROMPT_FORMAT, readPromptAnswer } from './flux-prompt.ts';

test('the prompt is taken out of the JSON that was asked for', () => {
  expect(readPromptAnswer('{"prompt":"A white fence at dusk."}')).toBe('A white fence at dusk.');
});

test('prose and fences around the JSON do not matter', () => {
  const answer = 'Sure! Here it is:\n```json\n{"prompt": "A cat."}\n```\nEnjoy.';
  expect(readPromptAnswer(answer)).toBe('A cat.');
});

test('empty praise is dropped and what is left reads well', () => {
  const answer = JSON.stringify({ prompt: 'A photorealistic cat,  8k, Masterpiece, on a sofa .' });
  expect(readPromptAnswer(answer)).toBe('A cat, on a sofa.');
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
  expect(readPromptAnswer(answer)).toBeNull();
});

test('the schema for Ollama asks for exactly the one field', () => {
  expect(PROMPT_FORMAT).toMatchObject({ type: 'object', required: ['prompt'], additionalProperties: false });
  expect(PROMPT_FORMAT.properties).toEqual({ prompt: { type: 'string' } });
});
