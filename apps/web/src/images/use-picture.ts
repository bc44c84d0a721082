import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

export interface Picture {
  /** An address for `img`; null until the bytes are there. */
  readonly url: string | null;
  readonly blob: Blob | null;
  readonly isMissing: boolean;
}

/**
 * A picture that only its owner may read: the token cannot travel with an `img` address, so the bytes are fetched and
 * handed to the page as a blob, which is let go when the picture leaves the screen.
 */
export function usePicture(key: readonly unknown[], read: () => Promise<Blob>): Picture {
  const { data, isError } = useQuery({
    queryKey: ['picture', ...key],
    queryFn: read,
    staleTime: Infinity,
    // A preview stays until the next one is there.
    placeholderData: (before) => before,
  });
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (data === undefined) return undefined;
    const made = URL.createObjectURL(data);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return { url, blob: data ?? null, isMissing: isError };
}
