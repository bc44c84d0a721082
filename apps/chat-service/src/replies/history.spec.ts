import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fitPrompt, type SaidBefore } from './history.ts';

/** A conversation of questions and answers, as it is stored: newest first, the newest a question. */
function conversation(...oldestFirst: string[]): SaidBefore[] {
  return oldestFirst
    .map(
      (content, index) => ({ role: index % 2 === 0 ? 'user' : 'assistant', content, tokens: null }) as const,
    )
    .reverse();
}

async function* stream(
  said: readonly SaidBefore[],
  onRead = (): void => undefined,
): AsyncGenerator<SaidBefore> {
  for (const one of said) {
    onRead();
    yield one;
  }
}

function fit(said: readonly SaidBefore[], contextLength = 8_192, systemPrompt: string | null = null) {
  return fitPrompt({ systemPrompt, newestFirst: stream(said), contextLength, maxTokens: 64 });
}

describe('the prompt', () => {
  test('holds a short conversation whole, in order, behind the system prompt', async () => {
    const prompt = await fit(conversation('one?', 'one.', 'two?'), 8_192, 'Be brief.');
    expect(prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one?' },
      { role: 'assistant', content: 'one.' },
      { role: 'user', content: 'two?' },
    ]);
  });

  test('loses its oldest messages first, and begins with a question', async () => {
    const long = 'word '.repeat(120);
    const prompt = await fit(conversation(`1 ${long}`, `2 ${long}`, `3 ${long}`, `4 ${long}`, '5?'), 720);
    expect(prompt.map(({ content }) => content.slice(0, 1))).toEqual(['3', '4', '5']);
    expect(prompt[0]?.role).toBe('user');
  });

  test('keeps system prompt and question even where they do not fit', async () => {
    const question = 'word '.repeat(5_000);
    const prompt = await fit(conversation('old?', 'old.', question), 512, 'Be brief.');
    expect(prompt.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  test('believes the engine’s own count of an answer', async () => {
    const dense = [
      { role: 'user', content: 'q?', tokens: null },
      { role: 'assistant', content: 'x'.repeat(3_000), tokens: 20 },
      { role: 'user', content: 'first?', tokens: null },
    ] as const;
    await expect(fit(dense, 512)).resolves.toHaveLength(3);
    const uncounted = dense.map((said) => ({ ...said, tokens: null }));
    await expect(fit(uncounted, 512)).resolves.toHaveLength(1);
  });

  test('does not read further back than it needs', async () => {
    let read = 0;
    const said = conversation(...Array.from({ length: 1_001 }, () => 'word '.repeat(100)));
    await fitPrompt({
      systemPrompt: null,
      newestFirst: stream(said, () => (read += 1)),
      contextLength: 1_024,
      maxTokens: 64,
    });
    expect(read).toBeLessThan(10);
  });

  test('is always a gapless end of the conversation that holds the question', async () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 128, max: 4_096 }), async (contents, contextLength) => {
        const whole = conversation(...contents)
          .reverse()
          .map(({ role, content }) => ({ role, content }));
        const prompt = await fit(conversation(...contents), contextLength);
        expect(prompt.length).toBeGreaterThan(0);
        expect(prompt).toEqual(whole.slice(-prompt.length));
      }),
    );
  });
});
