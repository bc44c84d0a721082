import type { Chat, chatWithMessages, Message } from '@baton/contracts';
import type { InfiniteData } from '@tanstack/react-query';
import type { z } from 'zod';

export type ChatPage = z.infer<typeof chatWithMessages>;

/** An open chat: the newest page first, then those that somebody scrolled back to. */
export type OpenChat = InfiniteData<ChatPage, string | null>;

export function onlyPage(page: ChatPage): OpenChat {
  return { pages: [page], pageParams: [null] };
}

/** The shown branch, oldest first. A message that came in between two pages is in both; it is shown once. */
export function messagesOf(open: OpenChat): readonly Message[] {
  const byId = new Map<number, Message>();
  for (const message of open.pages.toReversed().flatMap((page) => page.messages)) {
    byId.set(message.id, message);
  }
  return [...byId.values()];
}

export function withChat(open: OpenChat, chat: Chat): OpenChat {
  return { ...open, pages: open.pages.map((page) => ({ ...page, chat })) };
}

export function withMessage(open: OpenChat, changed: Message): OpenChat {
  return mapMessages(open, (messages) => messages.map((one) => (one.id === changed.id ? changed : one)));
}

export function withoutMessage(open: OpenChat, messageId: number): OpenChat {
  return mapMessages(open, (messages) => messages.filter(({ id }) => id !== messageId));
}

/**
 * The branch that goes on with `added`: what followed the message before them is another branch and goes off the
 * screen. Where that message has not been read yet, they are put at the end.
 */
export function withBranch(open: OpenChat, added: readonly Message[]): OpenChat {
  const shown = messagesOf(open);
  const addedIds = new Set(added.map(({ id }) => id));
  const parentId = added[0]?.parent_id ?? null;
  const parentIndex = shown.findIndex(({ id }) => id === parentId);
  const keptCount = parentId === null ? 0 : parentIndex < 0 ? shown.length : parentIndex + 1;
  const kept = new Set(shown.slice(0, keptCount).map(({ id }) => id));
  const cut = mapMessages(open, (messages) => messages.filter(({ id }) => kept.has(id) && !addedIds.has(id)));
  const [newest, ...older] = cut.pages;
  if (newest === undefined) return open;
  return { ...cut, pages: [{ ...newest, messages: [...newest.messages, ...added] }, ...older] };
}

function mapMessages(open: OpenChat, change: (messages: readonly Message[]) => Message[]): OpenChat {
  return { ...open, pages: open.pages.map((page) => ({ ...page, messages: change(page.messages) })) };
}
