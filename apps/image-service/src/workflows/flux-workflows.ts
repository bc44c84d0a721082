import type { Workflow } from './workflow.ts';

/** Flux.1-dev as one file, or as diffusion model, text encoders and VAE each by itself. */
export type FluxFiles =
  | { readonly kind: 'checkpoint'; readonly checkpoint: string }
  | {
      readonly kind: 'split';
      readonly diffusionModel: string;
      readonly textEncoders: readonly [string, string];
      readonly vae: string;
    };

/** Values that every request overwrites. */
const LATER = { width: 1_024, height: 1_024, seed: 0, steps: 20, guidance: 3.5 } as const;

/** Text to image: every required input of each node, and nothing else. */
export function fluxTextToImage(files: FluxFiles): Workflow {
  return {
    ...rest(files),
    '5': {
      class_type: 'EmptySD3LatentImage',
      inputs: { width: LATER.width, height: LATER.height, batch_size: 1 },
    },
  };
}

/** Image to image: begins with a picture instead of noise. */
export function fluxImageToImage(files: FluxFiles): Workflow {
  return {
    ...rest(files, ['7', 0]),
    '5': { class_type: 'LoadImage', inputs: { image: 'reference.png' } },
    '6': {
      class_type: 'ImageScale',
      inputs: {
        image: ['5', 0],
        upscale_method: 'lanczos',
        width: LATER.width,
        height: LATER.height,
        crop: 'center',
      },
    },
    '7': { class_type: 'VAEEncode', inputs: { pixels: ['6', 0], vae: vaeOf(files) } },
  };
}

function rest(files: FluxFiles, latent: readonly [string, number] = ['5', 0]): Workflow {
  const clip = files.kind === 'checkpoint' ? ['1', 1] : ['21', 0];
  return {
    ...loaders(files),
    '2': { class_type: 'CLIPTextEncode', inputs: { clip, text: '' } },
    '3': { class_type: 'FluxGuidance', inputs: { conditioning: ['2', 0], guidance: LATER.guidance } },
    // With cfg 1 the negative side is not computed; the link is required all the same.
    '4': { class_type: 'ConditioningZeroOut', inputs: { conditioning: ['2', 0] } },
    '9': {
      class_type: 'KSampler',
      inputs: {
        model: ['1', 0],
        positive: ['3', 0],
        negative: ['4', 0],
        latent_image: latent,
        seed: LATER.seed,
        steps: LATER.steps,
        cfg: 1,
        sampler_name: 'euler',
        scheduler: 'simple',
        denoise: 1,
      },
    },
    '10': { class_type: 'VAEDecode', inputs: { samples: ['9', 0], vae: vaeOf(files) } },
    '11': { class_type: 'SaveImage', inputs: { images: ['10', 0], filename_prefix: 'baton/picture' } },
  };
}

function loaders(files: FluxFiles): Workflow {
  if (files.kind === 'checkpoint') {
    return { '1': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: files.checkpoint } } };
  }
  const [first, second] = files.textEncoders;
  return {
    '1': { class_type: 'UNETLoader', inputs: { unet_name: files.diffusionModel, weight_dtype: 'default' } },
    '21': { class_type: 'DualCLIPLoader', inputs: { clip_name1: first, clip_name2: second, type: 'flux' } },
    '22': { class_type: 'VAELoader', inputs: { vae_name: files.vae } },
  };
}

function vaeOf({ kind }: FluxFiles): readonly [string, number] {
  return kind === 'checkpoint' ? ['1', 2] : ['22', 0];
}
