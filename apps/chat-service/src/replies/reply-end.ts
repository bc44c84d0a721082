import { replyEvent, type EndEvent, type ReplyEvent } from '@baton/contracts';
import { ERRORS, codeOf, type ErrorCode } from '@baton/kernel';
import type { MessageEnd } from '../chats/message-end.ts';

/** The last event of a reply's log. A failure of null is success; a cancelled GPU job is what Stop looks like. */
export function endEventOf(failure: unknown, measured: Pick<EndEvent, 'timeline' | 'usage'>): EndEvent {
  const { timeline, usage } = measured;
  if (failure === null) return { type: 'end', state: 'done', code: null, say: null, timeline, usage };
  const code = codeOf(failure);
  if (code === 'gpu.job_cancelled') {
    return { type: 'end', state: 'cancelled', code: null, say: null, timeline, usage };
  }
  return { type: 'end', state: 'failed', code, say: sayOf(code), timeline, usage };
}

/** The same end as it is stored with the message. */
export function messageEndOf(end: EndEvent, content: string): MessageEnd {
  const error = end.code === null ? null : { code: end.code, say: end.say ?? sayOf('internal') };
  return { state: end.state, error, timeline: end.timeline, usage: end.usage, content };
}

/** What a reply's log holds: the text so far, and how it ended if it did. */
export interface LoggedReply {
  readonly text: string;
  readonly end: EndEvent | null;
}

/** Lines that are no event (of a newer version, say) are passed over. */
export function readLoggedReply(log: string): LoggedReply {
  let text = '';
  let end: EndEvent | null = null;
  for (const event of eventsOf(log)) {
    if (event.type === 'text') text += event.text;
    if (event.type === 'end') end = event;
  }
  return { text, end };
}

function eventsOf(log: string): ReplyEvent[] {
  return log.split('\n').flatMap((line) => {
    if (line === '') return [];
    const parsed = replyEvent.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function sayOf(code: ErrorCode): string {
  return ERRORS[code].say;
}
