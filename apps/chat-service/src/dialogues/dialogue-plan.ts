import { z } from 'zod';
import { nameOf, type Voice } from './heard-by.ts';

/** What a chat between models is to do and how far it is: the column `plan` of its chat. */
export const dialoguePlan = z.object({
  version: z.literal(1),
  participants: z.array(
    z.object({
      model: z.string(),
      /** As it was given. */
      given_prompt: z.string().nullable(),
      /** What the model is told: who it is and who the others are as well. */
      system_prompt: z.string(),
    }),
  ),
  /** Who speaks when: places of `participants`, one for each turn. */
  order: z.array(z.int().nonnegative()),
  /** Turns that are done. */
  turns: z.int().nonnegative(),
  /** The last turn that was counted or given up; 0 at the beginning. A younger turn is the one under way. */
  seen_id: z.int().nonnegative(),
  error_code: z.string().nullable(),
});
export type DialoguePlan = z.infer<typeof dialoguePlan>;

export interface Participant {
  readonly model: string;
  readonly prompt: string | null;
}

export function newPlan(participants: readonly Participant[], order: readonly number[]): DialoguePlan {
  const voices = participants.map(({ model }, index) => ({ model, index }));
  return {
    version: 1,
    participants: participants.map(({ model, prompt }, index) => ({
      model,
      given_prompt: prompt,
      system_prompt: promptOf({ model, index }, voices, prompt),
    })),
    order: [...order],
    turns: 0,
    seen_id: 0,
    error_code: null,
  };
}

/** Whose turn is next; null when all have been given. */
export function nextVoice({ order, turns, participants }: DialoguePlan): Voice | null {
  const index = order[turns];
  const participant = index === undefined ? undefined : participants[index];
  return index === undefined || participant === undefined ? null : { index, model: participant.model };
}

function promptOf(me: Voice, all: readonly Voice[], given: string | null): string {
  const others = all.filter(({ index }) => index !== me.index).map(nameOf);
  const frame =
    `You are ${nameOf(me)} in a conversation with ${others.join(', ')}. What the others say comes with their name ` +
    'before it. Speak for yourself alone, and put no name before your words.';
  return given === null || given.trim() === '' ? frame : `${given}\n\n${frame}`;
}
