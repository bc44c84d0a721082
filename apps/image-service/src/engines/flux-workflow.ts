import type { RenderOrder } from './image-engine.ts';

type NodeInput = string | number | readonly [nodeId: string, output: number];

export type Workflow = Readonly<
  Record<string, { readonly class_type: string; readonly inputs: Readonly<Record<string, NodeInput>> }>
>;

/** The node whose `progress` counts sampling steps. */
export const SAMPLER_NODE = '9';
export const OUTPUT_NODE = '11';

/** Text to image with an all-in-one Flux checkpoint, in ComfyUI's API format: every required input, and nothing else. */
export function textToImage(order: RenderOrder): Workflow {
  const { settings } = order;
  return {
    '1': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: order.checkpoint } },
    '2': { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: order.prompt } },
    '3': { class_type: 'FluxGuidance', inputs: { conditioning: ['2', 0], guidance: settings.guidance } },
    '4': { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: '' } },
    '5': {
      class_type: 'EmptySD3LatentImage',
      inputs: { width: order.width, height: order.height, batch_size: 1 },
    },
    [SAMPLER_NODE]: {
      class_type: 'KSampler',
      inputs: {
        model: ['1', 0],
        positive: ['3', 0],
        negative: ['4', 0],
        latent_image: ['5', 0],
        seed: order.seed,
        steps: settings.steps,
        cfg: settings.cfg,
        sampler_name: settings.sampler,
        scheduler: settings.scheduler,
        denoise: settings.denoise,
      },
    },
    '10': { class_type: 'VAEDecode', inputs: { samples: [SAMPLER_NODE, 0], vae: ['1', 2] } },
    // The order's own id in the name: two orders never share a counter, and an old file is never taken for a new one.
    [OUTPUT_NODE]: {
      class_type: 'SaveImage',
      inputs: { images: ['10', 0], filename_prefix: `baton/${order.promptId}` },
    },
  };
}
