import type { UpdateChat } from '@baton/api-client';
import type { Message, SentMessage } from '@baton/contracts';
import {
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
} from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import { messagesOf, withBranch, withChat, withMessage, type ChatPage, type OpenChat } from './open-chat.ts';
import type { ReplyView } from './reply.ts';

export const CHATS = ['chats'] as const;
export const chatKey = (chatId: number) => ['chat', chatId] as const;

export function useChats(search: string) {
  const { client } = useGateway();
  return useInfiniteQuery({
    queryKey: [...CHATS, search],
    queryFn: ({ pageParam }) =>
      client.listChats({
        ...(search === '' ? {} : { q: search }),
        ...(pageParam === null ? {} : { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
}

/** The newest messages of a chat; older ones a page at a time. */
export function useChat(chatId: number) {
  const { client } = useGateway();
  return useInfiniteQuery<ChatPage, Error, OpenChat, ReturnType<typeof chatKey>, string | null>({
    queryKey: chatKey(chatId),
    queryFn: ({ pageParam }) => client.getChat(chatId, pageParam),
    initialPageParam: null,
    getNextPageParam: (page) => page.previous_cursor,
  });
}

export function useModels() {
  const { client } = useGateway();
  return useQuery({ queryKey: ['models'], queryFn: () => client.listModels(), staleTime: 60_000 });
}

export function useUpdateChat() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ chatId, changes }: { readonly chatId: number; readonly changes: UpdateChat }) =>
      client.updateChat(chatId, changes),
    onSuccess: (chat) => {
      queries.setQueryData<OpenChat>(chatKey(chat.id), (open) => open && withChat(open, chat));
      return queries.invalidateQueries({ queryKey: CHATS });
    },
  });
}

export function useDeleteChat() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (chatId: number) => client.deleteChat(chatId),
    onSuccess: (_, chatId) => {
      queries.removeQueries({ queryKey: chatKey(chatId) });
      return queries.invalidateQueries({ queryKey: CHATS });
    },
  });
}

/** Shows a message that the gateway took in, without waiting for the whole chat again. */
export function storeSent(queries: QueryClient, { message, reply }: SentMessage): void {
  storeBranch(queries, [message, reply]);
}

/** Shows a branch that goes on with these messages. */
export function storeBranch(queries: QueryClient, added: readonly [Message, ...Message[]]): void {
  const key = chatKey(added[0].chat_id);
  queries.setQueryData<OpenChat>(key, (open) => open && withBranch(open, added));
  void queries.invalidateQueries({ queryKey: key });
  void queries.invalidateQueries({ queryKey: CHATS });
}

/** Keeps how an answer ended, so that nothing flickers until the stored message is read. */
export function storeEndOfReply(queries: QueryClient, message: Message, view: ReplyView): void {
  const end = view.end;
  if (end === null) return;
  const ended = (one: Message): Message => ({
    ...one,
    state: end.state,
    content: view.text === '' ? one.content : view.text,
    attachments: view.images.length === 0 ? one.attachments : [...view.images],
    error: end.say === null ? null : { code: end.code ?? 'internal', say: end.say },
    timeline: end.timeline,
    usage: end.usage,
    thinking: view.thinking === '' ? one.thinking : view.thinking,
    details: end.details ?? one.details,
    model: view.routing?.answered ?? one.model,
  });
  const known = queries
    .getQueryData<OpenChat>(chatKey(message.chat_id))
    ?.pages.flatMap((page) => page.messages)
    .find(({ id }) => id === message.id);
  if (known !== undefined) {
    const stored = ended(known);
    queries.setQueryData<OpenChat>(chatKey(message.chat_id), (open) => open && withMessage(open, stored));
  }
  const askAgain = (): void => {
    void queries.invalidateQueries({ queryKey: chatKey(message.chat_id) });
    void queries.invalidateQueries({ queryKey: CHATS });
  };
  askAgain();
  // A model names a chat after its first answer, some time later, and nobody tells when.
  if (countShown(queries, message.chat_id) <= FIRST_EXCHANGE) {
    for (const ms of NAMED_AFTER_MS) window.setTimeout(askAgain, ms);
  }
}

const FIRST_EXCHANGE = 2;
const NAMED_AFTER_MS = [3_000, 15_000] as const;

function countShown(queries: QueryClient, chatId: number): number {
  const open = queries.getQueryData<OpenChat>(chatKey(chatId));
  return open === undefined ? 0 : messagesOf(open).length;
}
