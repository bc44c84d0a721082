import { VisuallyHidden } from '@mantine/core';
import { createContext, useContext, useState, type JSX, type ReactNode } from 'react';

const AnnouncerContext = createContext<(text: string) => void>(() => undefined);

/** One polite live region for the whole page: a screen reader hears of states, never of single tokens. */
export function AnnouncerProvider({ children }: { readonly children: ReactNode }): JSX.Element {
  const [text, announce] = useState('');
  return (
    <AnnouncerContext value={announce}>
      {children}
      <VisuallyHidden role="status" aria-live="polite">
        {text}
      </VisuallyHidden>
    </AnnouncerContext>
  );
}

export function useAnnounce(): (text: string) => void {
  return useContext(AnnouncerContext);
}
