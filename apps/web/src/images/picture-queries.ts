import type { Image, SentMessage } from '@baton/contracts';
import { useMutation, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useGateway } from '../api/gateway-context.ts';
import { RequestFailed } from '../api/request-failed.ts';
import { storeSent } from '../chats/chat-queries.ts';

const IMAGES = ['images'] as const;
export const GALLERY = ['gallery'] as const;

async function askAnew(queries: QueryClient): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: IMAGES }),
    queries.invalidateQueries({ queryKey: GALLERY }),
  ]);
}

/** A picture that was deleted elsewhere, in another tab or on another device, must not stay here as if it were there. */
function noticeGone(queries: QueryClient, error: unknown): void {
  // Not waited for: who asked is told first, and may be gone from the page with the picture.
  if (error instanceof RequestFailed && error.code === 'image.not_found') void askAnew(queries);
}

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
    onSuccess: () => askAnew(queries),
    onError: (error) => noticeGone(queries, error),
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
    onSettled: () => askAnew(queries),
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
    onError: (error) => noticeGone(queries, error),
  });
}
