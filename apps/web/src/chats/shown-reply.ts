import type { Message, MessageDetails, Routing, Source } from '@baton/contracts';
import { freshReply, type ReplyView } from './reply.ts';

/** An answer as the page shows it: the running log while there is one, the stored message after. */
export interface ShownReply extends Omit<ReplyView, 'end' | 'offset'> {
  readonly error: Message['error'];
  readonly timeline: Message['timeline'];
  readonly usage: Message['usage'];
  readonly details: MessageDetails;
}

export function shownReply(message: Message, view: ReplyView | null): ShownReply {
  if (view === null) {
    const details = message.details ?? {};
    return {
      ...freshReply(message.state),
      state: message.state,
      text: message.content,
      thinking: message.thinking ?? '',
      routing: details.routing ?? null,
      search: searchIn(details),
      images: message.attachments,
      error: message.error,
      timeline: message.timeline,
      usage: message.usage,
      details,
    };
  }
  const { end, ...rest } = view;
  // A log that was written while nobody looked tells the same at its end.
  const details = end?.details ?? message.details ?? {};
  return {
    ...rest,
    routing: view.routing ?? details.routing ?? null,
    search: view.search ?? searchIn(details),
    error: end === null || end.say === null ? null : { code: end.code ?? 'internal', say: end.say },
    timeline: end?.timeline ?? [],
    usage: end?.usage ?? null,
    details,
  };
}

function searchIn(details: MessageDetails): ReplyView['search'] {
  const { sources, search_query: query } = details;
  if (sources === undefined || sources === null) return null;
  return { query: query ?? '', sources };
}

/** The pages an answer rests on; none where the web was not asked. */
export function sourcesOf(shown: Pick<ShownReply, 'search'>): readonly Source[] {
  return shown.search?.sources ?? [];
}

/** Another model than the one asked for, where that is worth a word. */
export function routingWorthSaying(shown: Pick<ShownReply, 'routing'>): Routing | null {
  const { routing } = shown;
  // Whoever left the choice to Baton asked for a kind of work, and every answer says its model anyway.
  return routing === null || routing.asked === routing.answered ? null : routing;
}
