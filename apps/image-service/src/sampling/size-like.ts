import { IMAGE_LIMITS } from '@baton/contracts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The size of a picture that is made out of another one: its shape, not larger than `maxSide`, in the multiples that Flux
 * works in, and large enough for it.
 */
export function sizeLike({ width, height }: Size, maxSide: number): Size {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return { width: fit(width * scale, maxSide), height: fit(height * scale, maxSide) };
}

function fit(pixels: number, maxSide: number): number {
  const { sideMultiple, minSide } = IMAGE_LIMITS;
  const whole = Math.round(pixels / sideMultiple) * sideMultiple;
  const largest = Math.floor(maxSide / sideMultiple) * sideMultiple;
  return Math.max(minSide, Math.min(largest, whole));
}
