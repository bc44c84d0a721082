import type { JSX } from 'react';
import classes from './marked.module.css';

interface MarkedProps {
  readonly text: string;
  /** What was searched for; nothing is marked when it is empty. */
  readonly search: string;
}

/** A text in which every place that was searched for stands out. */
export function Marked({ text, search }: MarkedProps): JSX.Element {
  return (
    <>
      {splitByHits(text, search).map(({ part, isHit }, index) =>
        isHit ? (
          <mark key={index} className={classes['hit']}>
            {part}
          </mark>
        ) : (
          part
        ),
      )}
    </>
  );
}

const SIGNS = /[.*+?^${}()|[\]\\]/g;

/** A pattern that finds just these characters. */
function literally(word: string): string {
  return word.replace(SIGNS, '\\$&');
}

/** Cuts a text at every word of the search, in whatever case it is written. */
export function splitByHits(
  text: string,
  search: string,
): readonly { readonly part: string; readonly isHit: boolean }[] {
  const words = search.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return [{ part: text, isHit: false }];
  const pattern = new RegExp(`(${words.map(literally).join('|')})`, 'giu');
  return text
    .split(pattern)
    .map((part, index) => ({ part, isHit: index % 2 === 1 }))
    .filter(({ part }) => part !== '');
}
