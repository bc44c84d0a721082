import type { UpdateChat } from '@baton/api-client';
import type { Chat, Message, SentMessage } from '@baton/contracts';
import {
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
} from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import { useReplies } from './replies-context.ts';
import type { ReplyView } from './reply.ts';

interface OpenChat {
  readonly chat: Chat;
  readonly messages: readonly Message[];
}

const CHATS = ['chats'] as const;
const chatKey = (chatId: number) => ['chat', chatId] as const;

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

export function useChat(chatId: number) {
  const { client } = useGateway();
  return useQuery<OpenChat>({ queryKey: chatKey(chatId), queryFn: () => client.getChat(chatId) });
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
      queries.setQueryData<OpenChat>(chatKey(chat.id), (open) => open && { ...open, chat });
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

/** Answers the last question again. */
export function useRegenerate() {
  const { client } = useGateway();
  const queries = useQueryClient();
  const replies = useReplies();
  return useMutation({
    mutationFn: (message: Message) => client.regenerateReply(message.chat_id, message.id),
    onSuccess: (reply, old) => {
      replies.drop(old.id);
      replies.drop(reply.id);
      queries.setQueryData<OpenChat>(
        chatKey(old.chat_id),
        (open) =>
          open && { ...open, messages: open.messages.map((one) => (one.id === old.id ? reply : one)) },
      );
      void queries.invalidateQueries({ queryKey: chatKey(old.chat_id) });
    },
  });
}

/** Stops an answer in whatever state it is; how it ended comes through its log. */
export function useStop() {
  const { client } = useGateway();
  return useMutation({
    mutationFn: (message: Message) => client.cancelReply(message.id),
  });
}

/** Shows a message that the gateway took in, without waiting for the whole chat again. */
export function storeSent(queries: QueryClient, { message, reply }: SentMessage): void {
  queries.setQueryData<OpenChat>(
    chatKey(message.chat_id),
    (open) =>
      open && {
        ...open,
        messages: [...open.messages.filter(({ id }) => id !== message.id && id !== reply.id), message, reply],
      },
  );
  void queries.invalidateQueries({ queryKey: chatKey(message.chat_id) });
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
  });
  queries.setQueryData<OpenChat>(
    chatKey(message.chat_id),
    (open) =>
      open && { ...open, messages: open.messages.map((one) => (one.id === message.id ? ended(one) : one)) },
  );
  void queries.invalidateQueries({ queryKey: chatKey(message.chat_id) });
  void queries.invalidateQueries({ queryKey: CHATS });
}
