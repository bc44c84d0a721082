import { foldText } from '@baton/kernel';

/** Longer ones are cut, in texts and in what is looked for alike. The column holds as many letters. */
export const WORD_CHARS = 40;
/** Beyond, a search says nothing more precise and only costs. */
const MOST_SOUGHT = 16;
/**
 * A longer text is found by its beginning: more than a message may have, and more words than anybody writes in one. Whoever
 * sends waits for them, and with SQLite everybody else does too.
 */
const INDEXED_CHARS = 100_000;
const MOST_WORDS = 5_000;

/** Scripts that put no spaces between words: found by any two neighbouring letters. */
const UNSPACED = String.raw`\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}`;
const PIECES = new RegExp(String.raw`[\p{L}\p{N}]+`, 'gu');
const RUNS = new RegExp(`[${UNSPACED}]+|[^${UNSPACED}]+`, 'gu');
const IS_UNSPACED = new RegExp(`^[${UNSPACED}]`, 'u');

/**
 * The words that a text is found by, each once. What they are is part of the stored data: whoever changes this has every
 * text indexed anew, by a migration.
 */
export function wordsOf(text: string): Set<string> {
  const words = new Set<string>();
  for (const word of allWordsOf(text)) {
    words.add(word);
    if (words.size === MOST_WORDS) break;
  }
  return words;
}

function* allWordsOf(text: string): Generator<string> {
  for (const run of runsOf(text)) {
    if (!IS_UNSPACED.test(run)) yield cut(run);
    // The last letter stands alone, so that it is found as well.
    else yield* pairsOf(run);
  }
}

/** The beginnings of words that must all be there; empty when nothing of the text is a word. */
export function soughtWords(text: string): string[] {
  const sought = new Set<string>();
  for (const run of runsOf(text)) {
    if (!IS_UNSPACED.test(run)) sought.add(cut(run));
    else for (const pair of wholePairsOf(run)) sought.add(pair);
  }
  // What begins another word of the search asks for nothing more.
  const all = [...sought];
  return all
    .filter((word) => !all.some((other) => other !== word && other.startsWith(word)))
    .slice(0, MOST_SOUGHT);
}

function* runsOf(text: string): Generator<string> {
  // Folded, a single sign may be eighteen.
  const folded = foldText(text.slice(0, INDEXED_CHARS)).slice(0, INDEXED_CHARS);
  for (const [piece] of folded.matchAll(PIECES)) {
    for (const [run] of piece.matchAll(RUNS)) yield run;
  }
}

function cut(word: string): string {
  // Nearly every word is short, and then there is nothing to count.
  return word.length <= WORD_CHARS ? word : Array.from(word).slice(0, WORD_CHARS).join('');
}

function pairsOf(run: string): string[] {
  const letters = Array.from(run);
  return letters.map((letter, index) => letter + (letters[index + 1] ?? ''));
}

function wholePairsOf(run: string): string[] {
  const pairs = pairsOf(run);
  return pairs.length === 1 ? pairs : pairs.slice(0, -1);
}
