import { describe, expect, test } from '@jest/globals';
import type { Image } from '@baton/contracts';
import {
  countSettings,
  imageRequest,
  isFit,
  PLAIN_WISH,
  wishLike,
  withReference,
  withoutReference,
  withoutSettings,
  type ImageWish,
} from './image-wish.ts';

const reference = { imageId: 7, file: null };
const made: Image = {
  id: 3,
  message_id: 2,
  chat_id: 1,
  kind: 'image',
  variant: 0,
  batch_count: 1,
  description: 'Белый забор',
  prompt: 'A white fence in front of a house.',
  prompt_by: 'model',
  reference_image_id: 7,
  reference_description: 'A brown fence.',
  seed: 42,
  width: 832,
  height: 1216,
  settings: { steps: 25, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 0.6 },
  settings_by: 'model',
  model: 'flux1-dev',
  workflow: null,
  timings: null,
  favourite: false,
  media_type: 'image/png',
  size_bytes: 1_000,
  url: '/api/images/3/file',
  thumbnail_url: '/api/images/3/thumbnail',
  simulated: true,
  created_at: '2026-11-21T10:00:00.000Z',
};

describe('what is asked of the gateway', () => {
  test('of what was not chosen nothing is said', () => {
    expect(imageRequest(1, 'a fence', PLAIN_WISH)).toEqual({
      chat_id: 1,
      description: 'a fence',
      width: 1024,
      height: 1024,
    });
  });

  test('everything that was chosen goes along', () => {
    const wish: ImageWish = {
      size: 'own',
      own: { width: 640, height: 768 },
      count: 3,
      isPromptAsIs: true,
      seed: 0,
      steps: 12,
      guidance: 2.5,
      denoise: 0.4,
      reference,
    };
    expect(imageRequest(1, 'a fence', wish)).toEqual({
      chat_id: 1,
      description: 'a fence',
      width: 640,
      height: 768,
      batch_count: 3,
      use_prompt_as_is: true,
      seed: 0,
      reference_image_id: 7,
      settings: { steps: 12, guidance: 2.5, denoise: 0.4 },
    });
  });

  test('a picture like its reference leaves the size to the gateway', () => {
    const body = imageRequest(1, 'a fence', withReference(PLAIN_WISH, reference));
    expect(body).toMatchObject({ reference_image_id: 7 });
    expect(body).not.toHaveProperty('width');
  });

  test('without a reference nothing is said of changing it', () => {
    expect(imageRequest(1, 'a fence', { ...PLAIN_WISH, denoise: 0.4 })).not.toHaveProperty('settings');
  });
});

describe('a wish is fit', () => {
  test.each<[string, Partial<ImageWish>, boolean]>([
    ['as it is at first', {}, true],
    ['with a reference that has arrived', { reference }, true],
    ['not while the reference is on its way', { reference: { imageId: null, file: null } }, false],
    ['with a size of its own', { size: 'own', own: { width: 256, height: 2_048 } }, true],
    ['not with sides between the steps', { size: 'own', own: { width: 1_000, height: 1_024 } }, false],
    ['not with a side that is too long', { size: 'own', own: { width: 1_024, height: 2_064 } }, false],
    ['not with an empty side', { size: 'own', own: { width: null, height: 1_024 } }, false],
    ['whatever its own size is when another is chosen', { own: { width: 1, height: 1 } }, true],
    ['not with too many steps', { steps: 101 }, false],
    ['not with too much guidance', { guidance: 20.5 }, false],
  ])('%s', (_, part, fit) => {
    expect(isFit({ ...PLAIN_WISH, ...part })).toBe(fit);
  });
});

describe('a reference', () => {
  test('brings its shape, which goes with it', () => {
    const wish = withReference({ ...PLAIN_WISH, size: 'portrait' }, reference);
    expect(wish.size).toBe('like');
    expect(withoutReference({ ...wish, denoise: 0.5 })).toEqual(PLAIN_WISH);
  });

  test('leaves a size in figures alone', () => {
    expect(withReference({ ...PLAIN_WISH, size: 'own' }, reference).size).toBe('own');
  });
});

describe('the settings that are folded away', () => {
  test('are counted, and go back without what is in sight', () => {
    const wish: ImageWish = { ...PLAIN_WISH, count: 3, isPromptAsIs: true, seed: 0, steps: 9, guidance: 2 };
    expect(countSettings(wish)).toBe(4);
    expect(withoutSettings(wish)).toEqual({ ...PLAIN_WISH, count: 3 });
  });
});

describe('a wish like a picture', () => {
  test('asks for the same picture', () => {
    expect(imageRequest(1, made.prompt, wishLike(made))).toEqual({
      chat_id: 1,
      description: made.prompt,
      width: 832,
      height: 1216,
      use_prompt_as_is: true,
      seed: 42,
      reference_image_id: 7,
      settings: { steps: 25, guidance: 3.5, denoise: 0.6 },
    });
  });

  test('names a usual size, and gives another one in figures', () => {
    expect(wishLike(made).size).toBe('portrait');
    expect(wishLike({ ...made, width: 640 })).toMatchObject({
      size: 'own',
      own: { width: 640, height: 1216 },
    });
  });

  test('of an enlarged picture asks for a size that can be made, without the smaller one as reference', () => {
    const wish = wishLike({ ...made, kind: 'upscale', width: 4_096, height: 4_096 });
    expect(isFit(wish)).toBe(true);
    expect(wish).toMatchObject({ size: 'square', reference: null, denoise: null });
  });
});
