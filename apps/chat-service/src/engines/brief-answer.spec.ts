import { expect, test } from '@jest/globals';
import { briefly } from './brief-answer.ts';

test.each([
  ['a model that can leave it does not think', 'qwen3:8b', false, { think: false, maxTokens: 40 }],
  ['a model that cannot think is told nothing', 'phi3:latest', true, { think: null, maxTokens: 40 }],
  [
    'a model that cannot leave it has room for its thoughts',
    'gpt-oss:20b',
    false,
    { think: 'low', maxTokens: 340 },
  ],
  ['also from somebody’s own registry', 'hub.local/ai/GPT-OSS:120b', false, { think: 'low', maxTokens: 340 }],
])('%s', (_, model, cannotThink, asked) => {
  expect(briefly(model, { cannotThink, maxTokens: 40 })).toEqual(asked);
});
