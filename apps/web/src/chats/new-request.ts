import type { SendMessage } from '@baton/api-client';
import type { SentMessage } from '@baton/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import { imageRequest, isFit, type ImageWish } from '../images/image-wish.ts';
import { storeSent } from './chat-queries.ts';
import type { Draft } from './draft.ts';

/** What the composer asks for: an answer in words, or a picture. */
export type NewRequest =
  | { readonly kind: 'text'; readonly content: string; readonly body: SendMessage }
  | { readonly kind: 'image'; readonly content: string; readonly wish: ImageWish };

interface Asked {
  readonly chatId: number;
  readonly request: NewRequest;
}

/** What a draft asks for. Null while the model is not known, a picture is still on its way, or a size is none. */
export function requestOf(draft: Draft, model: string | null): NewRequest | null {
  const content = draft.text.trim();
  if (content === '') return null;
  if (draft.mode === 'image')
    return isFit(draft.image) ? { kind: 'image', content, wish: draft.image } : null;
  const imageIds = draft.pictures.flatMap(({ imageId }) => imageId ?? []);
  if (imageIds.length < draft.pictures.length) return null;
  const chosen = choiceOf(draft, model);
  if (chosen === null) return null;
  const body: SendMessage = {
    content,
    ...chosen,
    ...(draft.think === null ? {} : { think: draft.think }),
    ...(draft.webSearch ? { web_search: true } : {}),
    ...(imageIds.length === 0 ? {} : { image_ids: imageIds }),
  };
  return { kind: 'text', content, body };
}

/** Who is to answer: the CPU, whoever Baton chooses for the work, or a model by name. */
function choiceOf(
  { engine, taskType }: Draft,
  model: string | null,
): Pick<SendMessage, 'model' | 'task_type' | 'engine'> | null {
  if (engine === 'local') return { engine };
  if (taskType !== null) return { task_type: taskType };
  return model === null ? null : { model };
}

/** Sends a request into a chat that is there. */
export function useSendRequest() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ chatId, request }: Asked): Promise<SentMessage> => {
      if (request.kind === 'text') return client.sendMessage(chatId, request.body);
      return client.generateImage(imageRequest(chatId, request.content, request.wish));
    },
    onSuccess: (sent) => storeSent(queries, sent),
  });
}
