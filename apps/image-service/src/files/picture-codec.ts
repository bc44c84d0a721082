import { AppError } from '@baton/kernel';
import pLimit from 'p-limit';
import sharp, { type Metadata, type Sharp } from 'sharp';

/** What uploads may be, as the library calls it; AVIF is a HEIF file. */
const TAKEN: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif', 'heif']);
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((name) => `VipsForeignLoad${name}`);

/**
 * Keeps whatever else the library could open (SVG with its links, TIFF, PDF, …) shut for everything in this process, so that
 * no bytes from outside ever reach those decoders, and lets it keep nothing for the next time: no two pictures are the same.
 * Called once, at the start: neither can be meant for a part of a process.
 */
export function prepareDecoders(): void {
  sharp.cache(false);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
}

const THUMBNAIL_SIDE = 384;
/** No render of ours comes near; a decoder must not be made to fill the memory. */
const MAX_RENDERED_PIXELS = 64_000_000;
/** What is stored was judged when it came; an administrator may take uploads of up to this. */
const MAX_STORED_PIXELS = 16_384 * 16_384;
/** A picture of 4096 by 4096 takes 64 MiB while it is decoded: more at a time would not be quicker on few cores. */
const MAX_AT_A_TIME = 2;
/** A large AVIF takes some ten seconds; nobody's file may hold a decoder for longer than this. */
const MAX_UPLOAD_SECONDS = 60;

export type PictureMediaType = 'image/png' | 'image/jpeg';

/** A picture made anew from its pixels: nothing of the bytes that came is in it. */
export interface EncodedPicture {
  readonly bytes: Buffer;
  readonly mediaType: PictureMediaType;
  /** WebP. */
  readonly thumbnail: Buffer;
  readonly width: number;
  readonly height: number;
}

export interface UploadLimits {
  readonly maxWidth: number;
  readonly maxHeight: number;
}

/** Two lanes: the GPU is held until a render is stored, and must not stand in line behind what people bring along. */
const turn = pLimit(MAX_AT_A_TIME);
const uploadTurn = pLimit(MAX_AT_A_TIME);

/**
 * What an engine made. ComfyUI writes the whole workflow into its PNGs: only the picture is kept.
 *
 * @throws AppError `image.render_failed` when the bytes are no picture
 */
export function encodeRendered(bytes: Buffer): Promise<EncodedPicture> {
  return turn(async () => {
    try {
      const picture = sharp(bytes, { limitInputPixels: MAX_RENDERED_PIXELS, failOn: 'error' });
      return await encode(picture, 'image/png');
    } catch (cause) {
      throw new AppError('image.render_failed', { reason: 'not a picture', bytes: bytes.length }, { cause });
    }
  });
}

/**
 * What somebody brought along: judged by its content, turned upright, without EXIF, location and the like. Of an animation
 * the first picture. Photographs become JPEG, pictures with transparency or from a lossless format PNG.
 *
 * @throws AppError `image.not_an_image`, `image.too_many_pixels`
 */
export function encodeUploaded(bytes: Buffer, limits: UploadLimits): Promise<EncodedPicture> {
  return uploadTurn(async () => {
    if (bytes.length === 0) throw notAPicture(bytes);
    const limitInputPixels = limits.maxWidth * limits.maxHeight;
    const picture = sharp(bytes, { limitInputPixels, failOn: 'error' });
    const about = await picture.metadata().catch((cause: unknown) => {
      throw isTooLarge(cause) ? tooManyPixels(limits) : notAPicture(bytes, cause);
    });
    if (!TAKEN.has(about.format)) throw notAPicture(bytes);
    checkSize(about, limits);
    try {
      const isLossless = about.hasAlpha || about.format === 'png' || about.format === 'gif';
      const upright = picture.autoOrient().timeout({ seconds: MAX_UPLOAD_SECONDS });
      return await encode(upright, isLossless ? 'image/png' : 'image/jpeg');
    } catch (cause) {
      throw notAPicture(bytes, cause);
    }
  });
}

/**
 * A stored picture as models take it: not larger than they can make use of, without transparency. JPEG.
 *
 * @throws AppError `image.not_found` when the file is damaged
 */
export function encodeForModel(bytes: Buffer, maxSide: number): Promise<Buffer> {
  return turn(async () => {
    try {
      return await sharp(bytes, { limitInputPixels: MAX_STORED_PIXELS, failOn: 'error' })
        .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
        .flatten({ background: '#fff' })
        .jpeg({ quality: 90 })
        .toBuffer();
    } catch (cause) {
      throw new AppError('image.not_found', { reason: 'the file is damaged' }, { cause });
    }
  });
}

/**
 * A stored picture as an image model begins with it: lossless, without transparency, not larger than `maxSide` (null keeps
 * its size).
 *
 * @throws AppError `image.not_found` when the file is damaged
 */
export function encodeForGeneration(bytes: Buffer, maxSide: number | null): Promise<Buffer> {
  return turn(async () => {
    try {
      const picture = sharp(bytes, { limitInputPixels: MAX_STORED_PIXELS, failOn: 'error' });
      const reduced =
        maxSide === null
          ? picture
          : picture.resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true });
      return await reduced.flatten({ background: '#fff' }).png({ compressionLevel: 6 }).toBuffer();
    } catch (cause) {
      throw new AppError('image.not_found', { reason: 'the file is damaged' }, { cause });
    }
  });
}

async function encode(picture: Sharp, mediaType: PictureMediaType): Promise<EncodedPicture> {
  const { data: bytes, info } = await (
    mediaType === 'image/png' ? picture.png({ compressionLevel: 6 }) : picture.jpeg({ quality: 92 })
  ).toBuffer({ resolveWithObject: true });
  // Out of what was just made: some formats take long to decode, and once is enough.
  const thumbnail = await sharp(bytes, { limitInputPixels: MAX_STORED_PIXELS })
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer();
  return { bytes, mediaType, thumbnail, width: info.width, height: info.height };
}

/** As it is shown: cameras store portraits on their side. */
function checkSize({ autoOrient: { width, height } }: Metadata, limits: UploadLimits): void {
  if (width > limits.maxWidth || height > limits.maxHeight) throw tooManyPixels(limits, { width, height });
}

function tooManyPixels(
  { maxWidth, maxHeight }: UploadLimits,
  size?: { readonly width: number; readonly height: number },
): AppError {
  const has = size === undefined ? '' : `has ${size.width} × ${size.height} pixels; `;
  const message = `${has}at most ${maxWidth} × ${maxHeight} are taken`;
  return new AppError('image.too_many_pixels', { ...size }, { issues: [{ path: 'file', message }] });
}

function isTooLarge(error: unknown): boolean {
  return /pixel limit/i.test(String(error));
}

function notAPicture(bytes: Buffer, cause?: unknown): AppError {
  const message = bytes.length === 0 ? 'is empty' : 'must be a whole PNG, JPEG, WebP, GIF or AVIF file';
  return new AppError(
    'image.not_an_image',
    { bytes: bytes.length },
    { cause, issues: [{ path: 'file', message }] },
  );
}
