import { wordsOf } from './question.ts';
import { hash } from './tokens.ts';

/**
 * A vector for a text: each word and each run of three letters votes for some dimensions, so texts that share words
 * are near each other. Length 1 (L2), always the same for the same text.
 */
export function embed(text: string, dimensions: number): number[] {
  const vector = new Float64Array(dimensions);
  for (const word of wordsOf(text.toLowerCase())) {
    vote(vector, word, 1);
    const padded = `^${word}$`;
    for (let at = 0; at + 3 <= padded.length; at += 1) vote(vector, padded.slice(at, at + 3), 0.4);
  }
  // No word at all still has a direction.
  if (vector.every((value) => value === 0)) vote(vector, `=${text}`, 1);
  const norm = Math.hypot(...vector);
  return Array.from(vector, (value) => value / norm);
}

function vote(vector: Float64Array, feature: string, weight: number): void {
  for (const salt of ['a', 'b', 'c', 'd']) {
    const value = hash(salt + feature);
    const index = value % vector.length;
    vector[index] = (vector[index] ?? 0) + (value & 0x8000_0000 ? weight : -weight);
  }
}
