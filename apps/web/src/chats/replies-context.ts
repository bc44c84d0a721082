import type { Message } from '@baton/contracts';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { ReplyView } from './reply.ts';
import type { ReplyFeeds } from './reply-feed.ts';

export const RepliesContext = createContext<ReplyFeeds | null>(null);

export function useReplies(): ReplyFeeds {
  const replies = useContext(RepliesContext);
  if (replies === null) throw new Error('There are no replies above this component.');
  return replies;
}

const subscribeToNothing = (): (() => void) => () => undefined;

/** The running answer of a message; null once the stored message says all there is. */
export function useReplyView(message: Message): ReplyView | null {
  const feed = useReplies().of(message);
  return useSyncExternalStore(feed?.subscribe ?? subscribeToNothing, () => feed?.snapshot() ?? null);
}
