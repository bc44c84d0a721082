import { useEffect, useEffectEvent, useRef, useState, type RefObject } from 'react';

/** How far beyond the edge of the window still counts as near. */
const MARGIN = '400px';

/** Runs each time the place comes near the window. */
export function useNear<Place extends Element>(onNear: () => void): RefObject<Place | null> {
  const place = useRef<Place>(null);
  const run = useEffectEvent(onNear);
  useEffect(() => watch(place.current, (isNear) => isNear && run()), []);
  return place;
}

/** Whether the place is near the window: what is far away need not be held in memory. */
export function useIsNear<Place extends Element>(): [RefObject<Place | null>, boolean] {
  const place = useRef<Place>(null);
  const [isNear, setNear] = useState(false);
  useEffect(() => watch(place.current, setNear), []);
  return [place, isNear];
}

function watch(place: Element | null, onChange: (isNear: boolean) => void): (() => void) | undefined {
  if (place === null) return undefined;
  const watching = new IntersectionObserver(([entry]) => onChange(entry?.isIntersecting === true), {
    rootMargin: MARGIN,
  });
  watching.observe(place);
  return () => watching.disconnect();
}
