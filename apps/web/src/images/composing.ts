import type { Image } from '@baton/contracts';
import { createContext, useContext } from 'react';

/** What a picture brings into the composer: itself, or all that it was made of. */
export type Composed =
  | { readonly kind: 'reference'; readonly imageId: number }
  | { readonly kind: 'again'; readonly image: Image };

interface Composing {
  /** Waits for the composer that is opened next. */
  readonly handed: Composed | null;
  readonly hand: (composed: Composed | null) => void;
}

export const ComposingContext = createContext<Composing>({ handed: null, hand: () => undefined });

export function useComposing(): Composing {
  return useContext(ComposingContext);
}
