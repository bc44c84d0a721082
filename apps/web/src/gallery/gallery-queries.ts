import { useInfiniteQuery } from '@tanstack/react-query';
import type { GalleryQuestion } from '../api/image-calls.ts';
import { useGateway } from '../api/gateway-context.ts';
import { GALLERY } from '../images/picture-queries.ts';

export const FILTERS = ['all', 'favourite', 'generated', 'uploaded'] as const;
export type Filter = (typeof FILTERS)[number];

export function isFilter(value: string): value is Filter {
  return FILTERS.some((one) => one === value);
}

/** What is asked of the gateway for a search and a filter. */
export function galleryQuestion(search: string, filter: Filter, cursor: string | null): GalleryQuestion {
  return {
    ...(search === '' ? {} : { q: search }),
    ...(filter === 'favourite' ? { favourite: 'true' as const } : {}),
    ...(filter === 'generated' || filter === 'uploaded' ? { origin: filter } : {}),
    ...(cursor === null ? {} : { cursor }),
  };
}

/** All my pictures, newest first, a page at a time. */
export function useGallery(search: string, filter: Filter) {
  const { client } = useGateway();
  return useInfiniteQuery({
    queryKey: [...GALLERY, search, filter],
    queryFn: ({ pageParam }) => client.gallery(galleryQuestion(search, filter, pageParam)),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    // Pictures come by many ways (a render elsewhere, an upload in a chat): each visit looks anew.
    staleTime: 0,
  });
}
