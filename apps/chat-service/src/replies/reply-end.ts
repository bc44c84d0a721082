import type { EndEvent, MessageDetails, Source } from '@baton/contracts';
import { endEventOf, errorOf, parseReplyLog } from '@baton/platform';
import type { MessageEnd } from '../chats/message-end.ts';
import type { ActiveReply } from './active-reply.ts';

/** What was written of a reply. */
export interface Written {
  readonly text: string;
  readonly thinking: string;
}

/** The end of a reply that was made here. Waits for the receipt of a Stop, a moment at most. */
export async function endOf(reply: ActiveReply, failure: unknown): Promise<EndEvent> {
  const { timeline, usage, failures, task } = reply;
  const end = endEventOf(failure, { timeline, usage });
  const receipt = end.state === 'cancelled' ? await reply.receipt() : null;
  const { format } = task.options;
  const details: MessageDetails = {
    ...reply.details,
    ...(receipt === null ? {} : { receipt }),
    ...(failures.length === 0 ? {} : { failures: [...failures] }),
    ...(task.think === null ? {} : { think: task.think }),
    ...(format === undefined ? {} : { format: format === 'json' ? 'json' : 'schema' }),
  };
  return { ...end, details };
}

/** How a reply's log ended, as it is stored with the message. */
export function messageEndOf(
  end: EndEvent,
  { text, thinking }: Written,
  measured: Pick<MessageEnd, 'answerMs' | 'model'> = {},
): MessageEnd {
  const { state, timeline, usage, details = null } = end;
  return {
    state,
    error: errorOf(end),
    timeline,
    usage,
    details,
    content: text,
    thinking: thinking === '' ? null : thinking,
    ...measured,
  };
}

/** What a reply's log holds: what was written so far, what was found for it, and how it ended if it did. */
export interface LoggedReply extends Written {
  readonly found: { readonly sources: Source[]; readonly search_query: string } | null;
  readonly end: EndEvent | null;
}

export function readLoggedReply(log: string): LoggedReply {
  let text = '';
  let thinking = '';
  let found: LoggedReply['found'] = null;
  let end: EndEvent | null = null;
  for (const event of parseReplyLog(log)) {
    if (event.type === 'text') text += event.text;
    if (event.type === 'thinking') thinking += event.text;
    if (event.type === 'sources') found = { sources: event.sources, search_query: event.query };
    if (event.type === 'end') end = event;
  }
  return { text, thinking, found, end };
}
