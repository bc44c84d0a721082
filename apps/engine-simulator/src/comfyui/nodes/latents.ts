import type { Picture } from '../picture/picture.ts';
import type { NodeClass } from './node-class.ts';
import { int, link } from './node-class.ts';

const BATCH = int(1, 1, 4_096);
const EIGHT = 8;

function emptyLatent(
  name: string,
  displayName: string,
  module: string,
  standard: number,
  step: number,
): NodeClass {
  const side = int(standard, 16, 16_384, step);
  return {
    name,
    displayName,
    category: module === 'nodes' ? 'latent' : 'latent/sd3',
    module,
    required: { width: side, height: side, batch_size: BATCH },
    outputs: ['LATENT'],
    async run(inputs) {
      const [width, height] = [inputs.number('width'), inputs.number('height')];
      // A latent has an eighth of the pixels of each side, so a picture's sides are multiples of eight.
      const whole = (side: number): number => side - (side % EIGHT);
      const pictures = Array.from({ length: inputs.number('batch_size') }, () => null);
      return { outputs: [{ is: 'latent', width: whole(width), height: whole(height), pictures }] };
    },
  };
}

const repeatLatentBatch: NodeClass = {
  name: 'RepeatLatentBatch',
  displayName: 'Repeat Latent Batch',
  category: 'latent/batch',
  module: 'nodes',
  required: { samples: link('LATENT'), amount: int(1, 1, 64) },
  outputs: ['LATENT'],
  async run(inputs) {
    const samples = inputs.value('samples', 'latent');
    const pictures = Array.from({ length: inputs.number('amount') }, () => samples.pictures).flat();
    return { outputs: [{ ...samples, pictures }] };
  },
};

const latentFromBatch: NodeClass = {
  name: 'LatentFromBatch',
  displayName: 'Latent From Batch',
  category: 'latent/batch',
  module: 'nodes',
  required: { samples: link('LATENT'), batch_index: int(0, -64, 63), length: int(1, 1, 64) },
  outputs: ['LATENT'],
  async run(inputs) {
    const samples = inputs.value('samples', 'latent');
    const count = samples.pictures.length;
    const index = inputs.number('batch_index');
    const from = Math.min(Math.max(index < 0 ? count + index : index, 0), count - 1);
    const pictures = samples.pictures.slice(from, from + inputs.number('length'));
    return { outputs: [{ ...samples, pictures }] };
  },
};

const setLatentNoiseMask: NodeClass = {
  name: 'SetLatentNoiseMask',
  displayName: 'Set Latent Noise Mask',
  category: 'latent/inpaint',
  module: 'nodes',
  required: { samples: link('LATENT'), mask: link('MASK') },
  outputs: ['LATENT'],
  async run(inputs) {
    inputs.value('mask', 'mask');
    return { outputs: [inputs.value('samples', 'latent')] };
  },
};

const vaeEncode: NodeClass = {
  name: 'VAEEncode',
  displayName: 'VAE Encode',
  category: 'latent',
  module: 'nodes',
  required: { pixels: link('IMAGE'), vae: link('VAE') },
  outputs: ['LATENT'],
  async run(inputs, context) {
    const { pictures } = inputs.value('pixels', 'image');
    await context.vram.hold(inputs.value('vae', 'vae').weights);
    const cut = pictures.map(cutToEight);
    const { width, height } = cut[0] ?? { width: EIGHT, height: EIGHT };
    await context.vram.withScratch('VAE encode', scratchBytes(cut, context.settings.decodeScratchMib), () =>
      context.time.pass(context.settings.decodeMs),
    );
    return { outputs: [{ is: 'latent', width, height, pictures: cut }] };
  },
};

function decoder(name: string, displayName: string, tiling: NodeClass['required']): NodeClass {
  const isTiled = Object.keys(tiling).length > 0;
  return {
    name,
    displayName,
    category: isTiled ? '_for_testing' : 'latent',
    module: 'nodes',
    required: { samples: link('LATENT'), vae: link('VAE'), ...tiling },
    outputs: ['IMAGE'],
    async run(inputs, context) {
      const { width, height, pictures } = inputs.value('samples', 'latent');
      await context.vram.hold(inputs.value('vae', 'vae').weights);
      const images = pictures.map(
        (picture): Picture => picture ?? { is: 'solid', width, height, color: 0x7f7f7f },
      );
      const wanted = scratchBytes(images, context.settings.decodeScratchMib);
      await context.vram.withScratch('VAE decode', isTiled ? wanted / 4 : wanted, () =>
        context.time.pass(context.settings.decodeMs * images.length),
      );
      return { outputs: [{ is: 'image', pictures: images }] };
    },
  };
}

function cutToEight(of: Picture): Picture {
  const [width, height] = [of.width - (of.width % EIGHT), of.height - (of.height % EIGHT)];
  if (width === of.width && height === of.height) return of;
  return { is: 'cut', of, width: Math.max(width, EIGHT), height: Math.max(height, EIGHT) };
}

/** Memory for activations, by pixels. */
export function scratchBytes(
  pictures: readonly { readonly width: number; readonly height: number }[],
  mibPerMegapixel: number,
): number {
  const pixels = pictures.reduce((sum, { width, height }) => sum + width * height, 0);
  return pixels * mibPerMegapixel;
}

export const LATENTS = [
  emptyLatent('EmptyLatentImage', 'Empty Latent Image', 'nodes', 512, 8),
  emptyLatent('EmptySD3LatentImage', 'EmptySD3LatentImage', 'comfy_extras.nodes_sd3', 1_024, 16),
  repeatLatentBatch,
  latentFromBatch,
  setLatentNoiseMask,
  vaeEncode,
  decoder('VAEDecode', 'VAE Decode', {}),
  decoder('VAEDecodeTiled', 'VAE Decode (Tiled)', {
    tile_size: int(512, 64, 4_096, 32),
    overlap: int(64, 0, 4_096, 32),
    temporal_size: int(64, 8, 4_096, 4),
    temporal_overlap: int(8, 4, 4_096, 4),
  }),
];
