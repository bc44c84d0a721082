import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { RequestFailed } from '../api/request-failed.ts';

/** How long the bytes of a picture that left the screen are kept: for going back and forth, not for collecting. */
const KEPT_MS = 5_000;

export interface Picture {
  /** An address for `img`; null until the bytes are there. */
  readonly url: string | null;
  /** Set when there will be none. */
  readonly missing: 'deleted' | 'failed' | null;
}

/**
 * A picture that only its owner may read: the token cannot travel with an `img` address, so the bytes are fetched and
 * handed to the page as a blob, which is let go when the picture leaves the screen. The browser keeps its own copy of
 * what never changes, so coming back costs no transfer.
 */
export function usePicture(
  key: readonly unknown[],
  read: () => Promise<Blob>,
  untilThere: 'blank' | 'previous' = 'blank',
): Picture {
  const { data, error } = useQuery({
    queryKey: ['picture', ...key],
    queryFn: read,
    staleTime: Infinity,
    gcTime: KEPT_MS,
    placeholderData: (before) => (untilThere === 'previous' ? before : undefined),
  });
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (data === undefined) return undefined;
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => {
      URL.revokeObjectURL(made);
      setUrl(null);
    };
  }, [data]);
  return { url, missing: error === null ? null : whyMissing(error) };
}

function whyMissing(error: Error): 'deleted' | 'failed' {
  return error instanceof RequestFailed && error.status === 404 ? 'deleted' : 'failed';
}
