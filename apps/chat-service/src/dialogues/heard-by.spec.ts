import { describe, expect, test } from '@jest/globals';
import { heardBy, type SpokenTurn, type Voice } from './heard-by.ts';

const LLAMA: Voice = { index: 0, model: 'llama3' };
const QWEN: Voice = { index: 1, model: 'qwen3' };
const SECOND_QWEN: Voice = { index: 2, model: 'qwen3' };

const turn = (content: string, speaker: Voice | null): SpokenTurn => ({
  role: speaker === null ? 'user' : 'assistant',
  content,
  tokens: speaker === null ? null : 5,
  promptTokens: speaker === null ? null : 50,
  speaker,
});

/** Newest first, as the history is read. */
async function* spoken(...turns: SpokenTurn[]): AsyncGenerator<SpokenTurn> {
  yield* turns;
}

async function heard(listener: Voice | null, ...turns: SpokenTurn[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const { role, content } of heardBy(spoken(...turns), listener))
    lines.push(`${role}: ${content}`);
  return lines;
}

const TALK = [
  turn('Of stone!', SECOND_QWEN),
  turn('Of wood.', QWEN),
  turn('Of steel.', LLAMA),
  turn('What are bridges made of?', null),
];

describe('a chat between models as one of them hears it', () => {
  test('his own turns are his answers, the others speak to him under their names', async () => {
    await expect(heard(LLAMA, ...TALK)).resolves.toEqual([
      'user: Speaker 3 (qwen3): Of stone!',
      'user: Speaker 2 (qwen3): Of wood.',
      'assistant: Of steel.',
      'user: What are bridges made of?',
    ]);
  });

  test('a model that takes part twice is two speakers', async () => {
    const lines = await heard(QWEN, ...TALK);
    expect(lines[0]).toBe('user: Speaker 3 (qwen3): Of stone!');
    expect(lines[1]).toBe('assistant: Of wood.');
  });

  test('who spoke last is asked to go on, so that the prompt ends with something said to him', async () => {
    const lines = await heard(SECOND_QWEN, ...TALK);
    expect(lines.slice(0, 2)).toEqual(['user: Go on: say what you have to add.', 'assistant: Of stone!']);
  });

  test('counts of tokens are kept for his own words only', async () => {
    const counts: (number | null)[] = [];
    for await (const { tokens } of heardBy(spoken(...TALK), LLAMA)) counts.push(tokens);
    expect(counts).toEqual([null, null, 5, null]);
  });

  test('without a listener nothing is changed', async () => {
    const turns: SpokenTurn[] = [];
    for await (const one of heardBy(spoken(...TALK), null)) turns.push(one);
    expect(turns).toEqual(TALK);
  });
});
