import type { MessageRow } from '../chats/message.entity.ts';
import { detailsOf } from '../chats/views.ts';
import { nextVoice, type DialoguePlan } from './dialogue-plan.ts';
import type { Voice } from './heard-by.ts';

/** What a chat between models does next. */
export type NextStep =
  | { readonly do: 'wait'; readonly replyId: number }
  | { readonly do: 'count'; readonly plan: DialoguePlan }
  | { readonly do: 'speak'; readonly voice: Voice; readonly parentId: number | null }
  | { readonly do: 'end'; readonly state: 'done' | 'stopped' | 'failed'; readonly plan: DialoguePlan };

/**
 * Decided by the plan and the last message of the shown branch, in this order:
 *   1. a turn that nobody has counted yet and that is being made is waited for;
 *   2. one that is done is counted;
 *   3. one that was stopped ends the dialogue as stopped; one that failed as failed, unless only our own process broke it
 *      off: then it is made again;
 *   4. when all turns are given the dialogue is done;
 *   5. else the next one speaks, after the last message, or in the place of a turn that came to nothing.
 */
export function nextStep(plan: DialoguePlan, last: MessageRow | null): NextStep {
  const isTurn = last !== null && last.role === 'assistant' && detailsOf(last).speaker !== undefined;
  const isNew = isTurn && last.id > plan.seen_id;
  if (last !== null && last.role === 'assistant' && last.finishedAt === null) {
    return { do: 'wait', replyId: last.id };
  }
  if (isNew && last.state === 'done') {
    return { do: 'count', plan: { ...plan, turns: plan.turns + 1, seen_id: last.id } };
  }
  if (isNew && !isInterrupted(last)) {
    const given = { ...plan, seen_id: last.id };
    if (last.state === 'cancelled') return { do: 'end', state: 'stopped', plan: given };
    return { do: 'end', state: 'failed', plan: { ...given, error_code: codeOf(last) } };
  }
  const voice = nextVoice(plan);
  if (voice === null) return { do: 'end', state: 'done', plan };
  const cameToNothing = isTurn && last.state !== 'done';
  return { do: 'speak', voice, parentId: cameToNothing ? last.parentId : (last?.id ?? null) };
}

/** By the end of our process: nothing is wrong with the turn itself. */
function isInterrupted(message: MessageRow): boolean {
  return message.state === 'failed' && codeOf(message) === 'reply.interrupted';
}

function codeOf({ error }: MessageRow): string {
  return error !== null && 'code' in error && typeof error.code === 'string' ? error.code : 'internal';
}
