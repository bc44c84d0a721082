import type { SentMessage } from '@baton/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import { IMAGE_SIZES, type ImageSettings } from '../images/image-sizes.ts';
import { storeSent } from './chat-queries.ts';

/** What the composer asks for: an answer in words, or a picture. */
export type NewRequest =
  | { readonly kind: 'text'; readonly content: string; readonly model: string | null }
  | {
      readonly kind: 'image';
      readonly content: string;
      readonly model: string | null;
      readonly settings: ImageSettings;
    };

interface Asked {
  readonly chatId: number;
  readonly request: NewRequest;
}

/** Sends a request into a chat that is there. */
export function useSendRequest() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ chatId, request }: Asked): Promise<SentMessage> => {
      const { content, model } = request;
      if (request.kind === 'text') {
        return client.sendMessage(chatId, { content, ...(model === null ? {} : { model }) });
      }
      const { size, seed } = request.settings;
      return client.generateImage({
        chat_id: chatId,
        description: content,
        ...IMAGE_SIZES[size],
        ...(seed === null ? {} : { seed }),
      });
    },
    onSuccess: (sent) => storeSent(queries, sent),
  });
}
