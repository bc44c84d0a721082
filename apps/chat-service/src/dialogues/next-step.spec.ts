import { describe, expect, test } from '@jest/globals';
import { replyRow, userMessageRow } from '../chats/new-messages.ts';
import type { MessageRow } from '../chats/message.entity.ts';
import { newPlan, nextVoice, type DialoguePlan } from './dialogue-plan.ts';
import { nextStep } from './next-step.ts';

const PLAN = newPlan(
  [
    { model: 'llama3', prompt: 'You are an engineer.' },
    { model: 'qwen3', prompt: null },
  ],
  [0, 1, 0],
);
const OPENING: MessageRow = {
  ...userMessageRow({ chatId: 1, parentId: null, kind: 'text', content: 'Begin.', now: 0 }),
  id: 10,
};

function turn(id: number, parentId: number, changes: Partial<MessageRow>): MessageRow {
  const speaker = { index: 0, model: 'llama3' };
  const row = replyRow({
    chatId: 1,
    parentId,
    model: 'llama3',
    options: {},
    details: { speaker },
    experimentId: null,
    now: 0,
  });
  return { ...row, id, ...changes };
}

const DONE = { state: 'done', finishedAt: 5 } as const;
const failed = (code: string): Partial<MessageRow> => ({
  state: 'failed',
  finishedAt: 5,
  error: { code, say: '' },
});
const after = (turns: number, seen_id: number): DialoguePlan => ({ ...PLAN, turns, seen_id });

describe('what a chat between models does next', () => {
  test('the first one speaks after the opening message', () => {
    expect(nextStep(PLAN, OPENING)).toEqual({
      do: 'speak',
      voice: { index: 0, model: 'llama3' },
      parentId: 10,
    });
  });

  test('a turn that is being made is waited for, counted or not', () => {
    expect(nextStep(PLAN, turn(11, 10, {}))).toEqual({ do: 'wait', replyId: 11 });
    expect(nextStep(after(1, 11), turn(11, 10, {}))).toEqual({ do: 'wait', replyId: 11 });
  });

  test('a turn that is done is counted once, and then the next one speaks after it', () => {
    const done = turn(11, 10, DONE);
    expect(nextStep(PLAN, done)).toEqual({ do: 'count', plan: after(1, 11) });
    expect(nextStep(after(1, 11), done)).toEqual({
      do: 'speak',
      voice: { index: 1, model: 'qwen3' },
      parentId: 11,
    });
  });

  test('after the last turn it is done', () => {
    expect(nextStep(after(3, 11), turn(11, 10, DONE))).toMatchObject({ do: 'end', state: 'done' });
  });

  test('a stopped turn stops it, a failed one ends it with its code', () => {
    expect(nextStep(PLAN, turn(11, 10, { state: 'cancelled', finishedAt: 5 }))).toEqual({
      do: 'end',
      state: 'stopped',
      plan: after(0, 11),
    });
    expect(nextStep(PLAN, turn(11, 10, failed('engine.failed')))).toEqual({
      do: 'end',
      state: 'failed',
      plan: { ...after(0, 11), error_code: 'engine.failed' },
    });
  });

  test('resumed, the turn that came to nothing is made again in its place', () => {
    for (const last of [
      turn(11, 10, failed('engine.failed')),
      turn(11, 10, { state: 'cancelled', finishedAt: 5 }),
    ]) {
      expect(nextStep(after(0, 11), last)).toEqual({
        do: 'speak',
        voice: { index: 0, model: 'llama3' },
        parentId: 10,
      });
    }
  });

  test('a turn that was cut by our own end is made again without being asked', () => {
    expect(nextStep(PLAN, turn(11, 10, failed('reply.interrupted')))).toMatchObject({
      do: 'speak',
      parentId: 10,
    });
  });

  test('what a person says in between is followed', () => {
    const words = { ...OPENING, id: 14, parentId: 11 };
    expect(nextStep(after(1, 11), words)).toMatchObject({ do: 'speak', parentId: 14 });
    const answer = turn(15, 14, { ...DONE, details: null });
    expect(nextStep(after(1, 11), answer)).toMatchObject({ do: 'speak', parentId: 15 });
  });

  test('an empty chat, all of whose messages were deleted, begins anew', () => {
    expect(nextStep(after(1, 11), null)).toMatchObject({ do: 'speak', parentId: null });
  });
});

describe('what a participant is told', () => {
  test('its own prompt first, then who it is and who the others are', () => {
    expect(PLAN.participants[0]?.system_prompt).toMatch(
      /^You are an engineer\.\n\nYou are Speaker 1 \(llama3\) .*Speaker 2 \(qwen3\)/,
    );
    expect(PLAN.participants[1]?.system_prompt).toMatch(/^You are Speaker 2/);
    expect(PLAN.participants[1]?.given_prompt).toBeNull();
  });

  test('nobody is next after the last turn', () => {
    expect(nextVoice(after(2, 1))).toEqual({ index: 0, model: 'llama3' });
    expect(nextVoice(after(3, 1))).toBeNull();
  });
});
