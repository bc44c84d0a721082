import type { NodeClass, NodeContext } from './node-class.ts';
import { float, int, link, text } from './node-class.ts';
import type { ValueOf } from './values.ts';

const GUIDANCE = float(3.5, 0, 100, 0.1);
const PROMPT_TEXT = text({ multiline: true, dynamicPrompts: true });
/** Text encoders on the CPU are slower by about this. */
const CPU_SLOWNESS = 8;

/** The text encoders move to the card here, not in their loader. */
async function encode(clip: ValueOf<'clip'>, context: NodeContext): Promise<void> {
  if (!clip.onCpu) await context.vram.hold(clip.weights);
  await context.time.pass(context.settings.encodeTextMs * (clip.onCpu ? CPU_SLOWNESS : 1));
}

const clipTextEncode: NodeClass = {
  name: 'CLIPTextEncode',
  displayName: 'CLIP Text Encode (Prompt)',
  category: 'conditioning',
  module: 'nodes',
  required: { text: PROMPT_TEXT, clip: link('CLIP') },
  outputs: ['CONDITIONING'],
  async run(inputs, context) {
    await encode(inputs.value('clip', 'clip'), context);
    return { outputs: [{ is: 'conditioning', text: inputs.text('text'), guidance: null }] };
  },
};

const clipTextEncodeFlux: NodeClass = {
  name: 'CLIPTextEncodeFlux',
  displayName: 'CLIPTextEncodeFlux',
  category: 'advanced/conditioning/flux',
  module: 'comfy_extras.nodes_flux',
  required: { clip: link('CLIP'), clip_l: PROMPT_TEXT, t5xxl: PROMPT_TEXT, guidance: GUIDANCE },
  outputs: ['CONDITIONING'],
  async run(inputs, context) {
    await encode(inputs.value('clip', 'clip'), context);
    const words = inputs.text('t5xxl') || inputs.text('clip_l');
    return { outputs: [{ is: 'conditioning', text: words, guidance: inputs.number('guidance') }] };
  },
};

const fluxGuidance: NodeClass = {
  name: 'FluxGuidance',
  displayName: 'FluxGuidance',
  category: 'advanced/conditioning/flux',
  module: 'comfy_extras.nodes_flux',
  required: { conditioning: link('CONDITIONING'), guidance: GUIDANCE },
  outputs: ['CONDITIONING'],
  async run(inputs) {
    const conditioning = inputs.value('conditioning', 'conditioning');
    return { outputs: [{ ...conditioning, guidance: inputs.number('guidance') }] };
  },
};

const conditioningZeroOut: NodeClass = {
  name: 'ConditioningZeroOut',
  displayName: 'ConditioningZeroOut',
  category: 'advanced/conditioning',
  module: 'nodes',
  required: { conditioning: link('CONDITIONING') },
  outputs: ['CONDITIONING'],
  async run(inputs) {
    return { outputs: [{ ...inputs.value('conditioning', 'conditioning'), text: '' }] };
  },
};

const modelSamplingFlux: NodeClass = {
  name: 'ModelSamplingFlux',
  displayName: 'ModelSamplingFlux',
  category: 'advanced/model',
  module: 'comfy_extras.nodes_model_advanced',
  required: {
    model: link('MODEL'),
    max_shift: float(1.15, 0, 100, 0.01),
    base_shift: float(0.5, 0, 100, 0.01),
    width: int(1024, 16, 16_384, 8),
    height: int(1024, 16, 16_384, 8),
  },
  outputs: ['MODEL'],
  async run(inputs) {
    return { outputs: [inputs.value('model', 'model')] };
  },
};

export const CONDITIONING = [
  clipTextEncode,
  clipTextEncodeFlux,
  fluxGuidance,
  conditioningZeroOut,
  modelSamplingFlux,
];
