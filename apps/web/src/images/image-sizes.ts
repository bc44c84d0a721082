/** Sizes that image models were trained on, in pixels, and a small one for slow cards. */
export const IMAGE_SIZES = {
  square: { width: 1024, height: 1024 },
  portrait: { width: 832, height: 1216 },
  landscape: { width: 1216, height: 832 },
  small: { width: 512, height: 512 },
} as const;

export type SizeName = keyof typeof IMAGE_SIZES;

export interface ImageSettings {
  readonly size: SizeName;
  /** Null: the gateway draws one. */
  readonly seed: number | null;
}

export function isSizeName(value: string | null): value is SizeName {
  return value !== null && Object.hasOwn(IMAGE_SIZES, value);
}
