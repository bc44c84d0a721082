import type { Message } from '@baton/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Regenerate } from '@baton/api-client';
import { useGateway } from '../api/gateway-context.ts';
import { CHATS, chatKey, storeBranch, storeSent } from './chat-queries.ts';
import { onlyPage, withMessage, withoutMessage, type OpenChat } from './open-chat.ts';
import { useReplies } from './replies-context.ts';

interface Again {
  readonly message: Message;
  readonly wish: Regenerate;
}

/** Answers the same question once more, in a branch beside the old answer. */
export function useRegenerate() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ message, wish }: Again) => client.regenerateReply(message.chat_id, message.id, wish),
    onSuccess: (reply) => storeBranch(queries, [reply]),
  });
}

/** Stops one answer in whatever state it is; how it ended comes through its log. */
export function useStop() {
  const { client } = useGateway();
  return useMutation({ mutationFn: (message: Message) => client.cancelReply(message.id) });
}

/** Stops all answers of one chat, or (null) all of this person. */
export function useStopAll() {
  const { client } = useGateway();
  return useMutation({ mutationFn: (chatId: number | null) => client.cancelReplies(chatId) });
}

/** The CPU engine answers what still waits for the GPU; the answer goes on in the same log. */
export function useAnswerNow() {
  const { client } = useGateway();
  return useMutation({ mutationFn: (message: Message) => client.answerNow(message.id) });
}

/** Shows another version and what followed it; `beforeShown` runs when it is about to take the place of the old one. */
export function useSelectVersion(chatId: number, beforeShown: () => void) {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (messageId: number) => client.selectMessage(chatId, messageId),
    onSuccess: async (page) => {
      // An answer of the branch before that is still on its way must not bring that branch back.
      await queries.cancelQueries({ queryKey: chatKey(chatId) });
      beforeShown();
      queries.setQueryData<OpenChat>(chatKey(chatId), onlyPage(page));
    },
  });
}

/** Changes a message where it stands. */
export function useEditMessage() {
  const { client } = useGateway();
  const store = useStoreMessage();
  return useMutation({
    mutationFn: ({ message, content }: { readonly message: Message; readonly content: string }) =>
      client.editMessage(message.chat_id, message.id, content),
    onSuccess: store,
  });
}

/** Asks something else in place of a message: both stay, each with what followed it. */
export function useResend() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ message, content }: { readonly message: Message; readonly content: string }) =>
      client.sendMessage(message.chat_id, {
        content,
        replaces: message.id,
        ...(message.attachments.length === 0
          ? {}
          : { image_ids: message.attachments.map(({ image_id: imageId }) => imageId) }),
      }),
    onSuccess: (sent) => storeSent(queries, sent),
  });
}

export function useDeleteMessage(beforeGone: () => void) {
  const { client } = useGateway();
  const queries = useQueryClient();
  const replies = useReplies();
  return useMutation({
    mutationFn: (message: Message) => client.deleteMessage(message.chat_id, message.id),
    onSuccess: (_, { chat_id: chatId, id }) => {
      replies.drop(id);
      beforeGone();
      queries.setQueryData<OpenChat>(chatKey(chatId), (open) => open && withoutMessage(open, id));
      void queries.invalidateQueries({ queryKey: CHATS });
      return queries.invalidateQueries({ queryKey: chatKey(chatId) });
    },
  });
}

export function useRate() {
  const { client } = useGateway();
  const store = useStoreMessage();
  return useMutation({
    mutationFn: ({ message, rating }: { readonly message: Message; readonly rating: 'up' | 'down' | null }) =>
      client.rateMessage(message.chat_id, message.id, rating),
    onSuccess: store,
  });
}

function useStoreMessage() {
  const queries = useQueryClient();
  return (changed: Message): void => {
    queries.setQueryData<OpenChat>(chatKey(changed.chat_id), (open) => open && withMessage(open, changed));
  };
}
