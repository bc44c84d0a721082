import { briefly } from '../engines/brief-answer.ts';
import type { EngineMessage } from '../engines/chat-engine.ts';
import type { Seat } from '../places/answer-place.ts';
import type { ActiveReply } from './active-reply.ts';
import type { AnswerTurn, SideQuestion } from './answer-hooks.ts';
import { requestOf, type EngineUse } from './engine-use.ts';

/** What comes before an answer may see and do, in the seat that the answer has. */
export function turnOf(
  seat: Seat,
  reply: ActiveReply,
  prompt: readonly EngineMessage[],
  use: EngineUse,
): AnswerTurn {
  const added: EngineMessage[] = [];
  return {
    task: reply.task,
    get messages() {
      return [...prompt.slice(0, -1), ...added, ...prompt.slice(-1)];
    },
    get details() {
      return reply.details;
    },
    signal: seat.door.signal,
    ask: (question) => wholeAnswer(seat, reply, question, use),
    tell: (event) => {
      if (event.type === 'state') reply.progress.say(event);
      else reply.log.append(event);
    },
    addSystem: (content) => added.push({ role: 'system', content }),
    addMaterial: (content) => added.push({ role: 'user', content }),
    note: (details) => reply.note(details),
  };
}

async function wholeAnswer(
  seat: Seat,
  reply: ActiveReply,
  { messages, maxTokens, temperature, format }: SideQuestion,
  use: EngineUse,
): Promise<string> {
  const request = {
    ...requestOf(reply, messages, use),
    ...briefly(reply.model, { cannotThink: use.cannotThink, maxTokens }),
    temperature: temperature ?? reply.task.temperature,
    format: format ?? null,
  };
  let text = '';
  for await (const output of use.engine.stream(request, seat.door, use.settings)) {
    if (output.type === 'text') text += output.text;
    seat.heard();
  }
  return text;
}
