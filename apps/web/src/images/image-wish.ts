import type { GenerateImage } from '@baton/api-client';
import { IMAGE_LIMITS, type Image } from '@baton/contracts';

/** Sizes that image models were trained on, in pixels, and a small one for slow cards. */
export const IMAGE_SIZES = {
  square: { width: 1024, height: 1024 },
  portrait: { width: 832, height: 1216 },
  landscape: { width: 1216, height: 832 },
  small: { width: 512, height: 512 },
} as const;
export type SizeName = keyof typeof IMAGE_SIZES;
/** `like`: as the reference is; `own`: in figures. */
export type SizeChoice = SizeName | 'like' | 'own';

/** The ranges of the contract, for fields that say them before the gateway has to. */
export const STEPS = { least: 1, most: 100 } as const;
export const GUIDANCE = { least: 0, most: 20 } as const;
export const DENOISE = { least: 0.05, most: 1, usual: 0.6 } as const;

/** The picture that the new one is made out of. */
export interface Reference {
  /** Null while it is on its way to the gateway. */
  readonly imageId: number | null;
  /** Set for one that was brought along just now; it can be shown before the gateway has it. */
  readonly file: File | null;
}

/** What is wanted beside the words. Null everywhere: Baton decides. */
export interface ImageWish {
  readonly size: SizeChoice;
  readonly own: { readonly width: number | null; readonly height: number | null };
  readonly count: number;
  readonly isPromptAsIs: boolean;
  readonly seed: number | null;
  readonly steps: number | null;
  readonly guidance: number | null;
  readonly denoise: number | null;
  readonly reference: Reference | null;
}

export const PLAIN_WISH: ImageWish = {
  size: 'square',
  own: { width: 1024, height: 1024 },
  count: 1,
  isPromptAsIs: false,
  seed: null,
  steps: null,
  guidance: null,
  denoise: null,
  reference: null,
};

export function isSizeName(value: string | null): value is SizeName {
  return value !== null && Object.hasOwn(IMAGE_SIZES, value);
}

export function isSizeChoice(value: string | null): value is SizeChoice {
  return isSizeName(value) || value === 'like' || value === 'own';
}

export function isSide(pixels: number | null): boolean {
  const { minSide, maxSide, sideMultiple } = IMAGE_LIMITS;
  return pixels !== null && pixels >= minSide && pixels <= maxSide && pixels % sideMultiple === 0;
}

/** False while something is wrong with it that the page can tell, or the reference has not arrived. */
export function isFit({ size, own, steps, guidance, reference }: ImageWish): boolean {
  const isSized = size !== 'own' || (isSide(own.width) && isSide(own.height));
  const isArrived = reference === null || reference.imageId !== null;
  return isSized && isArrived && isWithin(steps, STEPS) && isWithin(guidance, GUIDANCE);
}

export function isWithin(
  value: number | null,
  { least, most }: { readonly least: number; readonly most: number },
): boolean {
  return value === null || (value >= least && value <= most);
}

/** A new reference brings its shape along; a size that somebody chose in figures stays. */
export function withReference(wish: ImageWish, reference: Reference): ImageWish {
  return { ...wish, reference, size: wish.size === 'own' ? 'own' : 'like' };
}

export function withoutReference(wish: ImageWish): ImageWish {
  return {
    ...wish,
    reference: null,
    denoise: null,
    size: wish.size === 'like' ? PLAIN_WISH.size : wish.size,
  };
}

/** The folded settings as they were at first; what is in sight (size, variants, reference) stays. */
export function withoutSettings(wish: ImageWish): ImageWish {
  const { isPromptAsIs, seed, steps, guidance } = PLAIN_WISH;
  return { ...wish, isPromptAsIs, seed, steps, guidance };
}

/** How many of the folded settings are not left to Baton. */
export function countSettings({ isPromptAsIs, seed, steps, guidance }: ImageWish): number {
  return [isPromptAsIs, seed !== null, steps !== null, guidance !== null].filter(Boolean).length;
}

/** The request for the gateway; of what was not chosen it says nothing. */
export function imageRequest(chatId: number, description: string, wish: ImageWish): GenerateImage {
  const { count, isPromptAsIs, seed, reference } = wish;
  const settings = {
    ...(wish.steps === null ? {} : { steps: wish.steps }),
    ...(wish.guidance === null ? {} : { guidance: wish.guidance }),
    ...(wish.denoise === null || reference === null ? {} : { denoise: wish.denoise }),
  };
  return {
    chat_id: chatId,
    description,
    ...sizeOf(wish),
    ...(count === 1 ? {} : { batch_count: count }),
    ...(isPromptAsIs ? { use_prompt_as_is: true } : {}),
    ...(seed === null ? {} : { seed }),
    ...(reference?.imageId == null ? {} : { reference_image_id: reference.imageId }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
  };
}

function sizeOf({ size, own }: ImageWish): { width?: number; height?: number } {
  if (size === 'like') return {};
  if (size !== 'own') return { ...IMAGE_SIZES[size] };
  return own.width === null || own.height === null ? {} : { width: own.width, height: own.height };
}

/** What would make this picture once more, as a wish that can be changed before. */
export function wishLike(image: Image): ImageWish {
  const { width, height, settings } = image;
  // An enlarged picture came of the smaller one by another graph; its words and figures are those of the smaller one.
  const referenceId = image.kind === 'image' ? image.reference_image_id : null;
  return {
    ...PLAIN_WISH,
    ...sizeLike(width, height),
    isPromptAsIs: true,
    seed: image.seed,
    steps: settings.steps,
    guidance: settings.guidance,
    denoise: referenceId === null ? null : settings.denoise,
    reference: referenceId === null ? null : { imageId: referenceId, file: null },
  };
}

function sizeLike(width: number, height: number): Pick<ImageWish, 'size' | 'own'> {
  for (const [name, size] of Object.entries(IMAGE_SIZES)) {
    if (isSizeName(name) && size.width === width && size.height === height)
      return { size: name, own: { width, height } };
  }
  const isFree = isSide(width) && isSide(height);
  return isFree ? { size: 'own', own: { width, height } } : { size: PLAIN_WISH.size, own: PLAIN_WISH.own };
}
