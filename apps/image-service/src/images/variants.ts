import { z } from 'zod';
import type { ImageRequestRow } from './image-request.entity.ts';

/** One picture of a request, and the order that was given for it last. */
export interface Variant {
  readonly index: number;
  readonly seed: number;
  /** ComfyUI's id of the render, chosen by us and stored before it is submitted; null before the first time. */
  promptId: string | null;
}

const stored = z.array(z.object({ seed: z.int().nonnegative(), promptId: z.string().nullable() }));

/** Every variant a seed of its own, counted on from the first: who knows that one can have all of them again. */
export function newVariants(seed: number, count: number): readonly Omit<Variant, 'index'>[] {
  return Array.from({ length: count }, (_, index) => ({
    seed: (seed + index) % (Number.MAX_SAFE_INTEGER + 1),
    promptId: null,
  }));
}

/** Requests of before there were variants have one. */
export function variantsOf({ variants, seed, promptId }: ImageRequestRow): Variant[] {
  const read = stored.safeParse(variants);
  const list = read.success && read.data.length > 0 ? read.data : [{ seed, promptId }];
  return list.map((variant, index) => ({ index, ...variant }));
}

export function storedVariants(variants: readonly Variant[]): z.infer<typeof stored> {
  return variants.map(({ seed, promptId }) => ({ seed, promptId }));
}
