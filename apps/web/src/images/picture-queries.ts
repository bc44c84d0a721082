import type { Image, SentMessage } from '@baton/contracts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import { storeSent } from '../chats/chat-queries.ts';

const IMAGES = ['images'] as const;
export const GALLERY = ['gallery'] as const;

/** The pictures of a message with all that is known of them; asked for again when `revision` says there are more. */
export function useImagesOf(messageId: number | null, revision: number) {
  const { client } = useGateway();
  return useQuery({
    queryKey: [...IMAGES, messageId, revision],
    queryFn: () => (messageId === null ? null : client.imagesOf(messageId)),
    enabled: messageId !== null,
    staleTime: Infinity,
    // What is known of the pictures before stays while one more is asked for.
    placeholderData: (before) => (before?.message_id === messageId ? before : undefined),
  });
}

export function useFavourite() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ imageId, favourite }: { readonly imageId: number; readonly favourite: boolean }) =>
      client.changeImage(imageId, { favourite }),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: IMAGES }),
        queries.invalidateQueries({ queryKey: GALLERY }),
      ]),
  });
}

/** Deletes pictures one after the other; the first that cannot go ends it, and those before it are gone. */
export function useDeletePictures() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (imageIds: readonly number[]) => {
      for (const imageId of imageIds) await client.deleteImage(imageId);
    },
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: IMAGES }),
        queries.invalidateQueries({ queryKey: GALLERY }),
      ]),
  });
}

type Derived =
  | { readonly kind: 'vary'; readonly image: Image; readonly count: number }
  | { readonly kind: 'upscale'; readonly image: Image };

/** Other pictures out of a finished one; they come as new messages in its chat. */
export function useDerive() {
  const { client } = useGateway();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wish: Derived): Promise<SentMessage> =>
      wish.kind === 'vary'
        ? client.varyImage(wish.image.id, { batch_count: wish.count })
        : client.upscaleImage(wish.image.id),
    onSuccess: (sent) => storeSent(queries, sent),
  });
}
