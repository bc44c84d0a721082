import type { Dialogue } from '@baton/contracts';
import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { MultiModel } from '@baton/api-client';
import { useGateway } from '../api/gateway-context.ts';
import { CHATS, chatKey } from '../chats/chat-queries.ts';

const dialogueKey = (chatId: number) => ['dialogue', chatId] as const;
/** Between two turns there is nothing to listen to; a turn itself comes through its log. */
const BETWEEN_TURNS_MS = 1_500;

/** A chat between models; a turn that has begun is shown in its chat at once. */
export function useDialogue(chatId: number) {
  const { client } = useGateway();
  const queries = useQueryClient();
  const dialogue = useQuery({
    queryKey: dialogueKey(chatId),
    queryFn: () => client.getDialogue(chatId),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? BETWEEN_TURNS_MS : false),
  });
  const turn = [dialogue.data?.current_reply_id, dialogue.data?.turns, dialogue.data?.state].join();
  useEffect(() => void queries.invalidateQueries({ queryKey: chatKey(chatId) }), [queries, chatId, turn]);
  return dialogue;
}

export function useStartDialogue() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: MultiModel) => client.startDialogue(body),
    onSuccess: (dialogue) => {
      store(queries, dialogue);
      return queries.invalidateQueries({ queryKey: CHATS });
    },
  });
}

export function useStopDialogue() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (chatId: number) => client.stopDialogue(chatId),
    onSuccess: (dialogue) => store(queries, dialogue),
  });
}

export function useResumeDialogue() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (chatId: number) => client.resumeDialogue(chatId),
    onSuccess: (dialogue) => store(queries, dialogue),
  });
}

function store(queries: QueryClient, dialogue: Dialogue): void {
  queries.setQueryData(dialogueKey(dialogue.chat.id), dialogue);
}
