import type { Chat } from '@baton/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useGateway } from '../api/gateway-context.ts';
import { saveFile } from '../ui/save-file.ts';
import { showAccepted } from '../ui/show-accepted.ts';
import { showError, showSentence } from '../ui/show-error.ts';
import { CHATS } from './chat-queries.ts';

/** Saves a chat as a file of the browser's. */
export function useExportChat() {
  const { client } = useGateway();
  return useMutation({
    mutationFn: ({ chat, format }: { readonly chat: Chat; readonly format: 'markdown' | 'json' }) =>
      client.exportChat(chat.id, format),
    onSuccess: ({ name, blob }) => saveFile(name, blob),
  });
}

/** Makes a chat of a file that was saved before, and opens it. */
export function useImportChat() {
  const { t } = useTranslation();
  const { client } = useGateway();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: async (file: File) => client.importChat(parseJson(await file.text())),
    onSuccess: (chat) => {
      showAccepted(t('chat.imported', { title: chat.title }));
      void queries.invalidateQueries({ queryKey: CHATS });
      navigate(`/chats/${chat.id}`);
    },
    onError: (error) => {
      if (error instanceof SyntaxError) showSentence(t('chat.import_failed'));
      else showError(error);
    },
  });
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}
