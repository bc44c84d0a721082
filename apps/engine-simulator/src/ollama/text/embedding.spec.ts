import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { embed } from './embedding.ts';

const cosine = (a: number[], b: number[]): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

test('every vector has length 1', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 4, max: 256 }), (text, dimensions) => {
      const vector = embed(text, dimensions);
      expect(vector).toHaveLength(dimensions);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    }),
  );
});

test('texts that share words are nearer than texts that do not', () => {
  const [cat, cats, tax] = [
    'a cat sleeps on the sofa',
    'two cats sleep on a sofa',
    'value added tax returns',
  ].map((text) => embed(text, 768));
  expect(cosine(cat ?? [], cats ?? [])).toBeGreaterThan(cosine(cat ?? [], tax ?? []) + 0.2);
});
