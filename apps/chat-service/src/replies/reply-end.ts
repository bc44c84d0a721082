import type { EndEvent } from '@baton/contracts';
import { errorOf, parseReplyLog } from '@baton/platform';
import type { MessageEnd } from '../chats/message-end.ts';

/** How a reply's log ended, as it is stored with the message. */
export function messageEndOf(end: EndEvent, content: string): MessageEnd {
  return { state: end.state, error: errorOf(end), timeline: end.timeline, usage: end.usage, content };
}

/** What a reply's log holds: the text so far, and how it ended if it did. */
export interface LoggedReply {
  readonly text: string;
  readonly end: EndEvent | null;
}

export function readLoggedReply(log: string): LoggedReply {
  let text = '';
  let end: EndEvent | null = null;
  for (const event of parseReplyLog(log)) {
    if (event.type === 'text') text += event.text;
    if (event.type === 'end') end = event;
  }
  return { text, end };
}
