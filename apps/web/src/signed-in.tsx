import type { User } from '@baton/contracts';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type JSX } from 'react';
import { useGateway, useReachability, type Gateway } from './api/gateway-context.ts';
import { RequestFailed } from './api/request-failed.ts';
import { ChatsScreen } from './chats/chats-screen.tsx';
import { RepliesContext } from './chats/replies-context.ts';
import { storeEndOfReply } from './chats/chat-queries.ts';
import { ReplyFeeds } from './chats/reply-feed.ts';
import { GpuFeed, GpuFeedContext } from './gpu/gpu-feed.ts';
import { ComposingContext, type Composed } from './images/composing.ts';
import { addChatWords } from './i18n/chat-words.ts';

// Before the first word is drawn: this module is loaded when somebody logs in.
addChatWords();

const ATTEMPTS = 3;

/** Everything that belongs to one user's session; it goes when the session goes. */
export function SignedIn({ user }: { readonly user: User }): JSX.Element {
  const gateway = useGateway();
  const reachability = useReachability();
  const [queries] = useState(openQueries);
  const [replies] = useState(() => openReplies(gateway, queries));
  const [gpu] = useState(() => new GpuFeed());
  const [handed, hand] = useState<Composed | null>(null);
  const composing = useMemo(() => ({ handed, hand }), [handed]);

  useEffect(() => {
    const over = new AbortController();
    gateway.read(
      gateway.client.gpuEvents,
      (event) => {
        gpu.take(event, Date.now());
        return 'go-on';
      },
      over.signal,
    );
    return () => over.abort();
  }, [gateway, gpu]);

  useEffect(() => () => replies.closeAll(), [replies]);

  useEffect(() => {
    // Whatever was missed while the gateway was away is asked for again.
    if (reachability === 'here') void queries.invalidateQueries();
  }, [reachability, queries]);

  return (
    <QueryClientProvider client={queries}>
      <RepliesContext value={replies}>
        <GpuFeedContext value={gpu}>
          <ComposingContext value={composing}>
            <ChatsScreen user={user} />
          </ComposingContext>
        </GpuFeedContext>
      </RepliesContext>
    </QueryClientProvider>
  );
}

function openQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (count, error) => count < ATTEMPTS && error instanceof RequestFailed && error.isPassing,
        staleTime: 10_000,
        // A home network without the internet is still a network.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}

function openReplies(gateway: Gateway, queries: QueryClient): ReplyFeeds {
  return new ReplyFeeds({
    read: (messageId, onEvent, signal) =>
      gateway.read(
        (headers, attempt) => gateway.client.replyEvents(messageId, headers, attempt),
        onEvent,
        signal,
      ),
    beforePaint: (run) => {
      const frame = requestAnimationFrame(run);
      return () => cancelAnimationFrame(frame);
    },
    onEnd: (message, view) => storeEndOfReply(queries, message, view),
  });
}
