import type { Message } from '@baton/contracts';
import { freshReply, type ReplyView } from './reply.ts';

/** An answer as the page shows it: the running log while there is one, the stored message after. */
export interface ShownReply extends Omit<ReplyView, 'end' | 'offset'> {
  readonly error: Message['error'];
  readonly timeline: Message['timeline'];
  readonly usage: Message['usage'];
}

export function shownReply(message: Message, view: ReplyView | null): ShownReply {
  if (view === null) {
    return {
      ...freshReply(message.state),
      state: message.state,
      text: message.content,
      images: message.attachments,
      error: message.error,
      timeline: message.timeline,
      usage: message.usage,
    };
  }
  const { end, ...rest } = view;
  return {
    ...rest,
    error: end === null || end.say === null ? null : { code: end.code ?? 'internal', say: end.say },
    timeline: end?.timeline ?? [],
    usage: end?.usage ?? null,
  };
}
