import { useLayoutEffect, useRef, type RefObject } from 'react';

/**
 * What somebody reads stays where it is when a list grows at its beginning. The browser does the same by itself, but
 * not all of them, and none at the very top; the scroller sets `overflow-anchor: none`, so that only one of them does.
 */
export function useKeepPlace(
  scroller: RefObject<HTMLElement | null>,
  firstKey: string | number | null,
  find: (key: string | number) => HTMLElement | null,
): void {
  const first = useRef<{ readonly key: string | number; readonly top: number } | null>(null);
  useLayoutEffect(() => {
    const before = first.current;
    if (before !== null && before.key !== firstKey) {
      // Above the old first item nothing changed but what came in now.
      const now = find(before.key);
      if (now !== null) scroller.current?.scrollBy({ top: now.offsetTop - before.top, behavior: 'instant' });
    }
    const element = firstKey === null ? null : find(firstKey);
    first.current = firstKey === null || element === null ? null : { key: firstKey, top: element.offsetTop };
  });
}
