import { expect, test } from '@jest/globals';
import { answerKey, type AskedFor } from './answer-key.ts';

const ASKED: AskedFor = {
  userId: 1,
  model: 'llama3:latest',
  build: '1000 Q4',
  messages: [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: 'What is my secret?' },
  ],
  temperature: 0.7,
  topP: null,
  maxTokens: null,
  format: null,
  think: null,
};

test('the same question has the same key, and nothing of it can be read there', () => {
  const key = answerKey(ASKED);
  expect(answerKey(structuredClone(ASKED))).toBe(key);
  expect(key).not.toMatch(/secret|kind|llama/);
});

test.each<[string, Partial<AskedFor>]>([
  ['user', { userId: 2 }],
  ['any user', { userId: null }],
  ['model', { model: 'qwen3:latest' }],
  ['version of the model', { build: '1001 Q4' }],
  ['system prompt', { messages: [{ role: 'system', content: 'Be brief.' }, ...ASKED.messages.slice(1)] }],
  ['earlier message', { messages: [{ role: 'user', content: 'Hello' }, ...ASKED.messages] }],
  ['speaker', { messages: ASKED.messages.map(({ content }) => ({ role: 'user', content })) }],
  ['picture', { messages: ASKED.messages.map((said) => ({ ...said, images: ['aGVsbG8='] })) }],
  ['temperature', { temperature: 0.8 }],
  ['unset temperature', { temperature: null }],
  ['top_p', { topP: 0.7 }],
  ['length', { maxTokens: 100 }],
  ['format', { format: 'json' }],
  ['thinking', { think: false }],
])('another %s is another key', (_, change) => {
  expect(answerKey({ ...ASKED, ...change })).not.toBe(answerKey(ASKED));
});

test('the order of the fields of a schema does not matter, the order of its lists does', () => {
  const format = { type: 'object', properties: { a: { enum: [1, 2] }, b: { type: 'string' } } };
  const turned = { properties: { b: { type: 'string' }, a: { enum: [1, 2] } }, type: 'object' };
  const other = { type: 'object', properties: { a: { enum: [2, 1] }, b: { type: 'string' } } };
  expect(answerKey({ ...ASKED, format: turned })).toBe(answerKey({ ...ASKED, format }));
  expect(answerKey({ ...ASKED, format: other })).not.toBe(answerKey({ ...ASKED, format }));
});
