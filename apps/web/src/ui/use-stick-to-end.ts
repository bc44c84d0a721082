import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** So close to the end counts as being there: a finger or a wheel rarely stops at the last pixel. */
const NEAR_PX = 48;

/**
 * Keeps the end of a growing list in sight for whoever is there, and leaves alone whoever has scrolled back to read.
 * A new last item (`lastKey`) is always shown, unless `hold` was called before it came.
 */
export function useStickToEnd(lastKey: string | number | null) {
  const scroller = useRef<HTMLDivElement>(null);
  const sticks = useRef(true);
  const isHeld = useRef(false);
  const [isAtEnd, setAtEnd] = useState(true);

  const goToEnd = useCallback(() => {
    sticks.current = true;
    setAtEnd(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, []);

  const onScroll = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    sticks.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    setAtEnd(sticks.current);
  }, []);

  const onGrow = useCallback(() => {
    if (sticks.current) scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  }, []);

  /** The next last item comes because the list shows something else below a place that is being looked at. */
  const hold = useCallback(() => {
    isHeld.current = true;
    sticks.current = false;
  }, []);

  useLayoutEffect(() => {
    if (isHeld.current) {
      isHeld.current = false;
      onScroll();
    } else {
      goToEnd();
    }
  }, [lastKey, goToEnd, onScroll]);

  useEffect(() => {
    if (scroller.current === null) return undefined;
    // The frame itself becomes smaller when the field below it grows.
    const watch = new ResizeObserver(onGrow);
    watch.observe(scroller.current);
    return () => watch.disconnect();
  }, [onGrow]);

  return { scroller, onScroll, onGrow, goToEnd, hold, isAtEnd };
}
