import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fitPrompt, type SaidBefore } from './history.ts';

function said(role: SaidBefore['role'], content: string, more: Partial<SaidBefore> = {}): SaidBefore {
  return {
    messageId: 1,
    role,
    content,
    tokens: null,
    promptTokens: null,
    model: role === 'user' ? null : 'gpt-oss:20b',
    isEdited: false,
    imageIds: [],
    speaker: null,
    ...more,
  };
}

/** A conversation of questions and answers, as it is stored: newest first, the newest a question. Ids count from 1. */
function conversation(...oldestFirst: string[]): SaidBefore[] {
  return oldestFirst
    .map((content, index) => said(index % 2 === 0 ? 'user' : 'assistant', content, { messageId: index + 1 }))
    .reverse();
}

async function* stream(
  all: readonly SaidBefore[],
  onRead = (): void => undefined,
): AsyncGenerator<SaidBefore> {
  for (const one of all) {
    onRead();
    yield one;
  }
}

function fitWhole(all: readonly SaidBefore[], contextLength = 8_192, systemPrompt: string | null = null) {
  return fitPrompt({
    systemPrompt,
    newestFirst: stream(all),
    olderThan: (messageId) => Promise.resolve(messageId),
    contextLength,
    maxTokens: 64,
  });
}

async function fit(all: readonly SaidBefore[], contextLength = 8_192, systemPrompt: string | null = null) {
  const { messages } = await fitWhole(all, contextLength, systemPrompt);
  return messages.map(({ role, content }) => ({ role, content }));
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
      said('user', 'q?'),
      said('assistant', 'x'.repeat(3_000), { tokens: 20 }),
      said('user', 'first?'),
    ];
    await expect(fit(dense, 512)).resolves.toHaveLength(3);
    const uncounted = dense.map((one) => ({ ...one, tokens: null }));
    await expect(fit(uncounted, 512)).resolves.toHaveLength(1);
  });

  test('knows a question’s size by what the engine counted before and after it', async () => {
    // Dense words: by bytes they would take 1,000 tokens, the engine has counted 210.
    const counted = [
      said('user', 'and now?'),
      said('assistant', 'B', { tokens: 4, promptTokens: 10 + 4 + 210 }),
      said('user', 'x'.repeat(1_500)),
      said('assistant', 'A', { tokens: 4, promptTokens: 10 }),
      said('user', 'first?'),
    ];
    await expect(fit(counted, 512)).resolves.toHaveLength(5);
    const untold = counted.map((one) => ({ ...one, promptTokens: null }));
    await expect(fit(untold, 512)).resolves.toHaveLength(1);
    const changed = counted.map((one) => ({ ...one, isEdited: one.role === 'user' }));
    await expect(fit(changed, 512)).resolves.toHaveLength(1);
    const otherModel = counted.map((one) => (one.content === 'A' ? { ...one, model: 'other' } : one));
    await expect(fit(otherModel, 512)).resolves.toHaveLength(1);
  });

  test('does not believe a count that cannot be of those words', async () => {
    const odd = [
      said('user', 'and now?'),
      said('assistant', 'B', { tokens: 4, promptTokens: 24 }),
      said('user', 'x'.repeat(1_500)),
      said('assistant', 'A', { tokens: 4, promptTokens: 10 }),
    ];
    await expect(fit(odd, 512)).resolves.toHaveLength(1);
  });

  test('keeps pictures with the message that brought them, and leaves them room', async () => {
    const shown = [
      said('user', 'And this?', { imageIds: [7] }),
      said('assistant', 'A cat.'),
      said('user', 'What is it?', { imageIds: [5, 6] }),
    ];
    const { messages } = await fitWhole(shown);
    expect(messages.map(({ imageIds }) => imageIds)).toEqual([[5, 6], [], [7]]);
    const small = await fitWhole(shown, 1_024);
    expect(small.messages.map(({ imageIds }) => imageIds)).toEqual([[7]]);
  });

  test('tells what was left out, and nothing when nothing was', async () => {
    const long = 'word '.repeat(120);
    const all = conversation(`1 ${long}`, `2 ${long}`, `3 ${long}`, `4 ${long}`, '5?');
    await expect(fitWhole(all)).resolves.toMatchObject({ truncation: null });
    await expect(fitWhole(all, 720, 'Be brief.')).resolves.toMatchObject({
      truncation: { left_out: 2, kept: 3, context_tokens: 720 },
    });
    // Only the question fits: the answer before it goes too, since its own question is gone.
    await expect(fitWhole(all, 300)).resolves.toMatchObject({ truncation: { left_out: 4, kept: 1 } });
  });

  test('a question that is longer than all the model can read is told, and says so', async () => {
    const long = 'word '.repeat(600);
    const told = await fitWhole(conversation(long), 500);
    expect(told.messages).toMatchObject([{ role: 'user', content: long }]);
    expect(told.truncation).toEqual({ left_out: 0, is_question_long: true, kept: 1, context_tokens: 500 });
    await expect(fitWhole(conversation('Earlier', 'Yes.', long), 500)).resolves.toMatchObject({
      truncation: { left_out: 2, is_question_long: true, kept: 1 },
    });
    // Long, but not longer than that: the answer gets what is left.
    await expect(fitWhole(conversation('word '.repeat(250)), 500)).resolves.toMatchObject({
      truncation: null,
    });
  });

  test('keeps the turns of a chat between models, which are all answers', async () => {
    const long = 'word '.repeat(100);
    const turns = [4, 3, 2, 1].map((n) =>
      said('assistant', `${n} ${long}`, { messageId: n, speaker: { index: n % 2, model: 'm' } }),
    );
    const { messages, truncation } = await fitWhole(turns, 500);
    expect(messages.map(({ content, speaker }) => [content.slice(0, 1), speaker?.index])).toEqual([
      ['3', 1],
      ['4', 0],
    ]);
    expect(truncation).toMatchObject({ left_out: 2, kept: 2 });
  });

  test('does not read further back than it needs', async () => {
    let read = 0;
    const long = conversation(...Array.from({ length: 1_001 }, () => 'word '.repeat(100)));
    await fitPrompt({
      systemPrompt: null,
      newestFirst: stream(long, () => (read += 1)),
      olderThan: () => Promise.resolve(1),
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
