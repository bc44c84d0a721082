import { describe, expect, test } from '@jest/globals';
import { answerFacts, tokensPerSecond } from './answer-facts.ts';
import { freshReply } from './reply.ts';
import { routingWorthSaying } from './shown-reply.ts';

describe('what is said of an answer', () => {
  test('another model than the one asked for is worth a word, the one asked for is not', () => {
    const routing = { asked: 'llama3', answered: 'qwen3:8b', because: 'instance_down' } as const;
    expect(routingWorthSaying({ routing })).toBe(routing);
    expect(routingWorthSaying({ routing: { ...routing, answered: 'llama3' } })).toBeNull();
    expect(routingWorthSaying({ routing: null })).toBeNull();
  });

  test('tokens a second are counted over the writing alone, and only where both are known', () => {
    const usage = { prompt_tokens: 900, completion_tokens: 50 };
    expect(tokensPerSecond(usage, 2_000)).toBe(25);
    expect(tokensPerSecond(usage, 0)).toBeNull();
    expect(tokensPerSecond(usage, null)).toBeNull();
    expect(tokensPerSecond(null, 2_000)).toBeNull();
  });

  test('the model that answered is named, not the one that was asked', () => {
    const routing = { asked: 'llama3', answered: 'qwen3:8b', because: 'experiment' } as const;
    const shown = { ...freshReply('queued'), routing, usage: null, details: { engine: 'local' } as const };
    expect(answerFacts({ model: 'llama3', finished_at: null }, shown)).toMatchObject({
      model: 'qwen3:8b',
      engine: 'CPU',
      tokensPerSecond: null,
    });
  });

  test('an answer from the cache was made by no engine', () => {
    const shown = {
      ...freshReply('queued'),
      routing: null,
      usage: null,
      details: { engine: 'cache' } as const,
    };
    expect(answerFacts({ model: 'llama3', finished_at: null }, shown).engine).toBeNull();
  });
});
