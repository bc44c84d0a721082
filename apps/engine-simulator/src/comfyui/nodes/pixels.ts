import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Kernel, Picture } from '../picture/picture.ts';
import type { InputSpec, NodeClass } from './node-class.ts';
import { choice, float, int, link } from './node-class.ts';
import type { NodeValue } from './values.ts';

const KERNELS = ['nearest-exact', 'bilinear', 'area', 'bicubic', 'lanczos'] as const;
const side = int(512, 0, 16_384, 1);

const loadImage: NodeClass = {
  name: 'LoadImage',
  displayName: 'Load Image',
  category: 'image',
  module: 'nodes',
  required: {
    image: {
      type: 'COMBO',
      config: { image_upload: true },
      shape: 'list',
      choices: (_files, inputFiles) => inputFiles,
    } satisfies InputSpec,
  },
  outputs: ['IMAGE', 'MASK'],
  check: {
    inputs: ['image'],
    verdict({ image }, folders) {
      const path = typeof image === 'string' ? folders.annotated(image) : null;
      return path !== null && folders.exists(path) ? null : `Invalid image file: ${String(image)}`;
    },
  },
  async fingerprint({ image }, folders) {
    const path = folders.annotated(String(image));
    return path === null
      ? ''
      : createHash('sha256')
          .update(await readFile(path))
          .digest('hex');
  },
  async run(inputs, context) {
    const path = context.folders.annotated(inputs.text('image'));
    if (path === null) throw new TypeError('the path was checked before');
    const picture = await context.painter.open(await readFile(path));
    return { outputs: [{ is: 'image', pictures: [picture] }, { is: 'mask' }] };
  },
};

const emptyImage: NodeClass = {
  name: 'EmptyImage',
  displayName: 'EmptyImage',
  category: 'image',
  module: 'nodes',
  required: {
    width: int(512, 1, 16_384, 1),
    height: int(512, 1, 16_384, 1),
    batch_size: int(1, 1, 4_096),
    color: { type: 'INT', config: { default: 0, min: 0, max: 0xffffff, step: 1, display: 'color' } },
  },
  outputs: ['IMAGE'],
  async run(inputs) {
    const picture: Picture = {
      is: 'solid',
      width: inputs.number('width'),
      height: inputs.number('height'),
      color: inputs.number('color'),
    };
    const pictures = Array.from({ length: inputs.number('batch_size') }, () => picture);
    return { outputs: [{ is: 'image', pictures }] };
  },
};

interface Size {
  readonly width: number;
  readonly height: number;
}

/** One scaling node: its own inputs, and the size it wants for a picture. */
function scaler(
  name: string,
  displayName: string,
  parts: Pick<NodeClass, 'module' | 'category'> & {
    readonly shape?: 'list' | 'combo';
    readonly inputs: NodeClass['required'];
    readonly size: (picture: Size, number: (name: string) => number) => Size;
  },
): NodeClass {
  const { module, category, inputs: own, size, shape = 'list' } = parts;
  return {
    name,
    displayName,
    category,
    module,
    required: { image: link('IMAGE'), upscale_method: choice(KERNELS, { shape }), ...own },
    outputs: ['IMAGE'],
    async run(inputs) {
      const kernel = inputs.text('upscale_method') as Kernel;
      const crop = 'crop' in own && inputs.text('crop') === 'center' ? 'center' : 'none';
      const pictures = inputs.value('image', 'image').pictures.map((of): Picture => {
        const { width, height } = size(of, (input) => inputs.number(input));
        return { is: 'scaled', of, width: Math.max(width, 1), height: Math.max(height, 1), kernel, crop };
      });
      return { outputs: [{ is: 'image', pictures }] satisfies NodeValue[] };
    },
  };
}

const imageScale = scaler('ImageScale', 'Upscale Image', {
  module: 'nodes',
  category: 'image/upscaling',
  inputs: { width: side, height: side, crop: choice(['disabled', 'center']) },
  size(picture, number) {
    const [width, height] = [number('width'), number('height')];
    if (width === 0 && height === 0) return picture;
    return {
      width: width || Math.round((picture.width * height) / picture.height),
      height: height || Math.round((picture.height * width) / picture.width),
    };
  },
});

const imageScaleBy = scaler('ImageScaleBy', 'Upscale Image By', {
  module: 'nodes',
  category: 'image/upscaling',
  inputs: { scale_by: float(1, 0.01, 8, 0.01) },
  size: (picture, number) => ({
    width: Math.round(picture.width * number('scale_by')),
    height: Math.round(picture.height * number('scale_by')),
  }),
});

const imageScaleToTotalPixels = scaler('ImageScaleToTotalPixels', 'Scale Image to Total Pixels', {
  module: 'comfy_extras.nodes_post_processing',
  category: 'image/upscaling',
  shape: 'combo',
  inputs: { megapixels: float(1, 0.01, 16, 0.01), resolution_steps: int(1, 1, 256) },
  size(picture, number) {
    const wanted = number('megapixels') * 1_024 * 1_024;
    const factor = Math.sqrt(wanted / (picture.width * picture.height));
    const grid = number('resolution_steps');
    const snap = (length: number): number => Math.max(Math.round((length * factor) / grid) * grid, grid);
    return { width: snap(picture.width), height: snap(picture.height) };
  },
});

/** Sizes that Flux Kontext was trained on. */
const KONTEXT_SIZES = [
  ...[672, 1_568, 688, 1_504, 720, 1_456, 752, 1_392, 800, 1_328, 832, 1_248, 880, 1_184, 944, 1_104],
  ...[1_024, 1_024, 1_104, 944, 1_184, 880, 1_248, 832, 1_328, 800, 1_392, 752, 1_456, 720, 1_504, 688],
  ...[1_568, 672],
];

const fluxKontextImageScale: NodeClass = {
  name: 'FluxKontextImageScale',
  displayName: 'FluxKontextImageScale',
  category: 'advanced/conditioning/flux',
  module: 'comfy_extras.nodes_flux',
  required: { image: link('IMAGE') },
  outputs: ['IMAGE'],
  async run(inputs) {
    const pictures = inputs.value('image', 'image').pictures.map((of): Picture => {
      const { width, height } = nearestKontextSize(of.width / of.height);
      return { is: 'scaled', of, width, height, kernel: 'lanczos', crop: 'center' };
    });
    return { outputs: [{ is: 'image', pictures }] };
  },
};

function nearestKontextSize(ratio: number): Size {
  let best: Size = { width: 1_024, height: 1_024 };
  for (let at = 0; at + 1 < KONTEXT_SIZES.length; at += 2) {
    const [width = 1, height = 1] = KONTEXT_SIZES.slice(at, at + 2);
    if (Math.abs(width / height - ratio) < Math.abs(best.width / best.height - ratio))
      best = { width, height };
  }
  return best;
}

const imageBatch: NodeClass = {
  name: 'ImageBatch',
  displayName: 'Batch Images (DEPRECATED)',
  category: 'image',
  module: 'nodes',
  isDeprecated: true,
  required: { image1: link('IMAGE'), image2: link('IMAGE') },
  outputs: ['IMAGE'],
  async run(inputs) {
    const [first, second] = [
      inputs.value('image1', 'image').pictures,
      inputs.value('image2', 'image').pictures,
    ];
    const { width, height } = first[0] ?? { width: 1, height: 1 };
    const fitted = second.map((of): Picture =>
      of.width === width && of.height === height
        ? of
        : { is: 'scaled', of, width, height, kernel: 'bilinear', crop: 'center' },
    );
    return { outputs: [{ is: 'image', pictures: [...first, ...fitted] }] };
  },
};

export const PIXELS = [
  loadImage,
  emptyImage,
  imageScale,
  imageScaleBy,
  imageScaleToTotalPixels,
  fluxKontextImageScale,
  imageBatch,
];
