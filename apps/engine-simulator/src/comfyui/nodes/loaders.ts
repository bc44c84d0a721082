import type { NodeValue } from './values.ts';
import type { NodeClass, NodeContext } from './node-class.ts';
import { choice, file, float, link } from './node-class.ts';
import { weights } from '../vram.ts';

const CLIP_TYPES = [
  ...['sdxl', 'sd3', 'flux', 'hunyuan_video', 'hidream', 'hunyuan_image', 'hunyuan_video_15'],
  ...['kandinsky5', 'kandinsky5_image', 'ltxv', 'newbie', 'ace'],
];
const DEVICES = ['default', 'cpu'];

/** How an all-in-one checkpoint divides: T5 and CLIP-L, the autoencoder, and the diffusion model as the rest. */
const CHECKPOINT_CLIP_SHARE = 0.298;
const CHECKPOINT_VAE_BYTES = 335_304_388;

/** A model kept in eight bits has half the bytes of its sixteen-bit file. */
const EIGHT_BIT_SHARE = 0.5;

function sizeOf(context: NodeContext, folders: readonly string[], name: string): number {
  for (const folder of folders) {
    const bytes = context.settings.models[folder]?.[name];
    if (bytes !== undefined) return bytes;
  }
  return 0;
}

const checkpointLoader: NodeClass = {
  name: 'CheckpointLoaderSimple',
  displayName: 'Load Checkpoint',
  category: 'loaders',
  module: 'nodes',
  required: { ckpt_name: file(['checkpoints']) },
  outputs: ['MODEL', 'CLIP', 'VAE'],
  async run(inputs, context) {
    const name = inputs.text('ckpt_name');
    await context.time.pass(context.settings.openMs);
    const total = sizeOf(context, ['checkpoints'], name);
    const vae = Math.min(CHECKPOINT_VAE_BYTES, total);
    const clip = Math.round(total * CHECKPOINT_CLIP_SHARE);
    return {
      outputs: [
        { is: 'model', weights: weights(`${name} (model)`, Math.max(total - clip - vae, 0)) },
        { is: 'clip', weights: weights(`${name} (clip)`, clip), onCpu: false },
        { is: 'vae', weights: weights(`${name} (vae)`, vae) },
      ],
    };
  },
};

const unetLoader: NodeClass = {
  name: 'UNETLoader',
  displayName: 'Load Diffusion Model',
  category: 'advanced/loaders',
  module: 'nodes',
  required: {
    unet_name: file(['diffusion_models', 'unet']),
    weight_dtype: choice(['default', 'fp8_e4m3fn', 'fp8_e4m3fn_fast', 'fp8_e5m2']),
  },
  outputs: ['MODEL'],
  async run(inputs, context) {
    const name = inputs.text('unet_name');
    await context.time.pass(context.settings.openMs);
    const dtype = inputs.text('weight_dtype');
    const share = dtype === 'default' || name.includes('fp8') ? 1 : EIGHT_BIT_SHARE;
    const bytes = Math.round(sizeOf(context, ['diffusion_models', 'unet'], name) * share);
    return { outputs: [{ is: 'model', weights: weights(name, bytes) }] };
  },
};

const dualClipLoader: NodeClass = {
  name: 'DualCLIPLoader',
  displayName: 'DualCLIPLoader',
  category: 'advanced/loaders',
  module: 'nodes',
  required: {
    clip_name1: file(['text_encoders', 'clip']),
    clip_name2: file(['text_encoders', 'clip']),
    type: choice(CLIP_TYPES),
  },
  optional: { device: choice(DEVICES) },
  outputs: ['CLIP'],
  async run(inputs, context) {
    await context.time.pass(context.settings.openMs);
    const names = [inputs.text('clip_name1'), inputs.text('clip_name2')];
    const bytes = names.reduce((sum, name) => sum + sizeOf(context, ['text_encoders', 'clip'], name), 0);
    const onCpu = inputs.text('device') === 'cpu';
    return { outputs: [{ is: 'clip', weights: weights(names.join(' + '), bytes), onCpu }] };
  },
};

const vaeLoader: NodeClass = {
  name: 'VAELoader',
  displayName: 'Load VAE',
  category: 'loaders',
  module: 'nodes',
  required: { vae_name: file(['vae'], ['pixel_space']) },
  outputs: ['VAE'],
  async run(inputs, context) {
    const name = inputs.text('vae_name');
    await context.time.pass(context.settings.openMs);
    return { outputs: [{ is: 'vae', weights: weights(name, sizeOf(context, ['vae'], name)) }] };
  },
};

/** A LoRA patches weights in place: the patched model is another set of weights of nearly the same size. */
function patched(value: NodeValue & { is: 'model' | 'clip' }, lora: string, strength: number): NodeValue {
  if (strength === 0) return value;
  return {
    ...value,
    weights: weights(`${value.weights.label} + ${lora} × ${strength}`, value.weights.bytes),
  };
}

const loraLoader: NodeClass = {
  name: 'LoraLoader',
  displayName: 'Load LoRA (Model and CLIP)',
  category: 'loaders',
  module: 'nodes',
  required: {
    model: link('MODEL'),
    clip: link('CLIP'),
    lora_name: file(['loras']),
    strength_model: float(1, -100, 100, 0.01),
    strength_clip: float(1, -100, 100, 0.01),
  },
  outputs: ['MODEL', 'CLIP'],
  async run(inputs, context) {
    const lora = inputs.text('lora_name');
    await context.time.pass(context.settings.openMs);
    return {
      outputs: [
        patched(inputs.value('model', 'model'), lora, inputs.number('strength_model')),
        patched(inputs.value('clip', 'clip'), lora, inputs.number('strength_clip')),
      ],
    };
  },
};

const loraLoaderModelOnly: NodeClass = {
  name: 'LoraLoaderModelOnly',
  displayName: 'Load LoRA',
  category: 'loaders',
  module: 'nodes',
  required: {
    model: link('MODEL'),
    lora_name: file(['loras']),
    strength_model: float(1, -100, 100, 0.01),
  },
  outputs: ['MODEL'],
  async run(inputs, context) {
    await context.time.pass(context.settings.openMs);
    const model = inputs.value('model', 'model');
    return { outputs: [patched(model, inputs.text('lora_name'), inputs.number('strength_model'))] };
  },
};

export const LOADERS = [
  checkpointLoader,
  unetLoader,
  dualClipLoader,
  vaeLoader,
  loraLoader,
  loraLoaderModelOnly,
];
