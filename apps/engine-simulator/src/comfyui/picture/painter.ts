import type SharpModule from 'sharp';
import { PythonError } from '../prompt.ts';
import { chance } from './chance.ts';
import { Lettering } from './lettering.ts';
import type { Caption, Kernel, Picture } from './picture.ts';
import { captionSvg, sceneSvg } from './scene.ts';

type Sharp = typeof SharpModule;

interface Pixels {
  /** Three bytes per pixel, rows from the top. */
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

export interface PreviewAsk {
  /** How far the sampling is, 0 to 1. */
  readonly share: number;
  readonly seed: number;
  readonly maxSide: number;
}

const CHANNELS = 3;
/** Scenes are drawn at most this large and then enlarged: outlines beyond it cost seconds and show nothing more. */
const LARGEST_DRAWN_SIDE = 2_048;
/** Cells of the noise that a preview begins with: a latent has one value per eight pixels. */
const NOISE_CELL = 8;
const JPEG_QUALITY = 82;
/** What PIL begins every JPEG with, and the image library here leaves out: a JFIF header, one to one pixels. */
const JFIF = Buffer.from('ffe000104a46494600010100000100010000', 'hex');
const SOI_BYTES = 2;
const PNG_EFFORT = { compressionLevel: 6, adaptiveFiltering: false } as const;

const KERNELS = {
  'nearest-exact': 'nearest',
  bilinear: 'linear',
  area: 'linear',
  bicubic: 'cubic',
  lanczos: 'lanczos3',
} as const satisfies Record<Kernel, string>;

/** Turns recipes into pixels. The image library and the fonts are loaded with the first picture, not before. */
export class Painter {
  #tools: Promise<{ sharp: Sharp; letters: Lettering }> | null = null;
  /** The last scene at preview size: every step of a run shows the same one. */
  #previewed: {
    readonly picture: Picture;
    readonly maxSide: number;
    readonly pixels: Promise<Pixels>;
  } | null = null;

  /** Throws as the real server does when the bytes are no picture. */
  async open(bytes: Buffer): Promise<Picture> {
    const { sharp } = await this.#load();
    try {
      const { autoOrient } = await sharp(bytes).metadata();
      return { is: 'file', bytes, width: autoOrient.width, height: autoOrient.height };
    } catch {
      throw new PythonError('PIL.UnidentifiedImageError', 'cannot identify image file');
    }
  }

  async png(picture: Picture): Promise<Buffer> {
    const { sharp } = await this.#load();
    return encodable(sharp, await this.#paint(picture))
      .png(PNG_EFFORT)
      .toBuffer();
  }

  /** A JPEG on the way from noise to the picture. */
  async preview(picture: Picture, ask: PreviewAsk): Promise<{ bytes: Buffer; format: 'jpeg' }> {
    const { sharp } = await this.#load();
    const pixels = noisy(await this.#previewPixels(picture, ask.maxSide), ask);
    const jpeg = await encodable(sharp, pixels).jpeg({ quality: JPEG_QUALITY }).toBuffer();
    const bytes = Buffer.concat([jpeg.subarray(0, SOI_BYTES), JFIF, jpeg.subarray(SOI_BYTES)]);
    return { bytes, format: 'jpeg' };
  }

  #previewPixels(picture: Picture, maxSide: number): Promise<Pixels> {
    if (this.#previewed?.picture !== picture || this.#previewed.maxSide !== maxSide) {
      const factor = Math.min(maxSide / Math.max(picture.width, picture.height), 1);
      const [width, height] = [picture.width, picture.height].map((side) =>
        Math.max(Math.round(side * factor), 1),
      );
      const small: Picture = {
        ...{ is: 'scaled', of: picture, kernel: 'lanczos', crop: 'none' },
        width: width ?? 1,
        height: height ?? 1,
      };
      this.#previewed = { picture, maxSide, pixels: this.#paint(factor < 1 ? small : picture) };
    }
    return this.#previewed.pixels;
  }

  async #paint(picture: Picture): Promise<Pixels> {
    const { sharp } = await this.#load();
    const { width, height } = picture;
    switch (picture.is) {
      case 'solid': {
        const [r, g, b] = [(picture.color >> 16) & 255, (picture.color >> 8) & 255, picture.color & 255];
        const create = { width, height, channels: CHANNELS, background: { r, g, b } } as const;
        return pixelsOf(sharp({ create }));
      }
      case 'file':
        return pixelsOf(sharp(picture.bytes).autoOrient());
      case 'scaled': {
        const from = await this.#paint(picture.of);
        const fit = picture.crop === 'center' ? 'cover' : 'fill';
        const kernel = KERNELS[picture.kernel];
        return pixelsOf(encodable(sharp, from).resize(width, height, { fit, position: 'centre', kernel }));
      }
      case 'cut': {
        const from = await this.#paint(picture.of);
        const [left, top] = [Math.floor((from.width - width) / 2), Math.floor((from.height - height) / 2)];
        return pixelsOf(encodable(sharp, from).extract({ left, top, width, height }));
      }
      case 'scene': {
        const scene = await this.#drawScene(picture.caption, width, height);
        const base = picture.base === null ? null : await this.#paint(picture.base);
        const blended = base === null ? scene : await blend(sharp, base, scene, picture.denoise);
        return this.#writeCaption(blended, picture.caption);
      }
    }
  }

  async #drawScene(caption: Caption, width: number, height: number): Promise<Pixels> {
    const { sharp } = await this.#load();
    const factor = Math.min(LARGEST_DRAWN_SIDE / Math.max(width, height), 1);
    const drawn = { width: Math.ceil(width * factor), height: Math.ceil(height * factor) };
    const svg = sharp(Buffer.from(sceneSvg(caption, drawn)), { limitInputPixels: false });
    return pixelsOf(svg.resize(width, height, { fit: 'fill' }));
  }

  async #writeCaption(on: Pixels, caption: Caption): Promise<Pixels> {
    const { sharp, letters } = await this.#load();
    const svg = captionSvg(caption, on, letters);
    return pixelsOf(encodable(sharp, on).composite([{ input: Buffer.from(svg), limitInputPixels: false }]));
  }

  #load(): Promise<{ sharp: Sharp; letters: Lettering }> {
    this.#tools ??= (async () => {
      const [{ default: sharp }, letters] = await Promise.all([import('sharp'), Lettering.load()]);
      // A small stand-in beside other programs: pictures one after the other, nothing kept.
      sharp.cache(false);
      sharp.concurrency(1);
      return { sharp, letters };
    })();
    return this.#tools;
  }
}

function encodable(sharp: Sharp, { data, width, height }: Pixels): ReturnType<Sharp> {
  return sharp(data, { raw: { width, height, channels: CHANNELS }, limitInputPixels: false });
}

async function pixelsOf(image: ReturnType<Sharp>): Promise<Pixels> {
  const { data, info } = await image
    .flatten({ background: '#000' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Share 0 keeps the base, share 1 is the scene alone. */
async function blend(sharp: Sharp, base: Pixels, scene: Pixels, share: number): Promise<Pixels> {
  const { width, height } = scene;
  const fitted =
    base.width === width && base.height === height
      ? base
      : await pixelsOf(encodable(sharp, base).resize(width, height, { fit: 'fill' }));
  const data = Buffer.allocUnsafe(scene.data.length);
  for (let at = 0; at < data.length; at += 1) {
    const from = fitted.data[at] ?? 0;
    data[at] = Math.round(from + ((scene.data[at] ?? 0) - from) * share);
  }
  return { data, width, height };
}

/** Seeded noise in cells that gives way to the picture; the last step is the picture. */
function noisy({ data, width, height }: Pixels, { share, seed }: PreviewAsk): Pixels {
  const noise = (1 - share) ** 1.3;
  if (noise === 0) return { data, width, height };
  const next = chance('preview', seed);
  const across = Math.ceil(width / NOISE_CELL);
  const cells = Uint8Array.from(
    { length: across * Math.ceil(height / NOISE_CELL) * CHANNELS },
    () => next() * 256,
  );
  const mixed = Buffer.allocUnsafe(data.length);
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(y / NOISE_CELL) * across;
    for (let x = 0; x < width; x += 1) {
      const cell = (row + Math.floor(x / NOISE_CELL)) * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel += 1, at += 1) {
        const pixel = data[at] ?? 0;
        mixed[at] = pixel + ((cells[cell + channel] ?? 0) - pixel) * noise;
      }
    }
  }
  return { data: mixed, width, height };
}
