/** Graphs that tests post, in API format. */

export type Graph = Record<
  string,
  { class_type: string; inputs: Record<string, unknown>; _meta?: { title: string } }
>;

/** G1: text to image with an all-in-one checkpoint. An input set to undefined is left out. */
export function textToImage(changes: Record<string, Record<string, unknown>> = {}): Graph {
  const graph: Graph = {
    1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'flux1-dev-fp8.safetensors' } },
    2: { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: 'a lighthouse in the rain' } },
    3: { class_type: 'FluxGuidance', inputs: { conditioning: ['2', 0], guidance: 3.5 } },
    4: { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: '' } },
    5: { class_type: 'EmptySD3LatentImage', inputs: { width: 64, height: 64, batch_size: 1 } },
    9: {
      class_type: 'KSampler',
      inputs: {
        ...{ model: ['1', 0], positive: ['3', 0], negative: ['4', 0], latent_image: ['5', 0] },
        ...{ seed: 1, steps: 4, cfg: 1, sampler_name: 'euler', scheduler: 'simple', denoise: 1 },
      },
    },
    10: { class_type: 'VAEDecode', inputs: { samples: ['9', 0], vae: ['1', 2] } },
    11: { class_type: 'SaveImage', inputs: { images: ['10', 0], filename_prefix: 'flux/run' } },
  };
  for (const [id, inputs] of Object.entries(changes)) {
    const node = graph[id];
    if (node !== undefined) node.inputs = { ...node.inputs, ...inputs };
  }
  return graph;
}
