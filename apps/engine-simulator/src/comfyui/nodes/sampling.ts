import type { Picture } from '../picture/picture.ts';
import { PythonError } from '../prompt.ts';
import type { Weights } from '../vram.ts';
import { scratchBytes } from './latents.ts';
import type { NodeClass, NodeContext } from './node-class.ts';
import { choice, float, int, link } from './node-class.ts';
import type { Latent } from './values.ts';

const SAMPLERS = [
  ...[
    'euler',
    'euler_cfg_pp',
    'euler_ancestral',
    'euler_ancestral_cfg_pp',
    'heun',
    'heunpp2',
    'exp_heun_2_x0',
  ],
  ...[
    'exp_heun_2_x0_sde',
    'dpm_2',
    'dpm_2_ancestral',
    'lms',
    'dpm_fast',
    'dpm_adaptive',
    'dpmpp_2s_ancestral',
  ],
  ...[
    'dpmpp_2s_ancestral_cfg_pp',
    'dpmpp_sde',
    'dpmpp_sde_gpu',
    'dpmpp_2m',
    'dpmpp_2m_cfg_pp',
    'dpmpp_2m_sde',
  ],
  ...['dpmpp_2m_sde_gpu', 'dpmpp_2m_sde_heun', 'dpmpp_2m_sde_heun_gpu', 'dpmpp_3m_sde', 'dpmpp_3m_sde_gpu'],
  ...['ddpm', 'lcm', 'ipndm', 'ipndm_v', 'deis', 'res_multistep', 'res_multistep_cfg_pp'],
  ...['res_multistep_ancestral', 'res_multistep_ancestral_cfg_pp', 'gradient_estimation'],
  ...['gradient_estimation_cfg_pp', 'er_sde', 'seeds_2', 'seeds_3', 'sa_solver', 'sa_solver_pece'],
  ...['ddim', 'uni_pc', 'uni_pc_bh2'],
];
const SCHEDULERS = [
  ...['simple', 'sgm_uniform', 'karras', 'exponential', 'ddim_uniform', 'beta', 'normal'],
  ...['linear_quadratic', 'kl_optimal'],
];

/** 2^64 − 1, or as near as a JavaScript number comes to it. */
const MAX_SEED = 2 ** 64 - 1;
/** Pixels of a picture whose steps last `stepMs`. */
const MEGAPIXEL = 1_048_576;
/** Small pictures do not become faster without end. */
const LEAST_LOAD = 0.25;
const seed = {
  ...int(0, 0, MAX_SEED),
  config: { default: 0, min: 0, max: MAX_SEED, control_after_generate: true },
};
const steps = int(20, 1, 10_000);
const denoise = float(1, 0, 1, 0.01);

interface Run {
  readonly weights: Weights;
  readonly text: string;
  readonly guidance: number | null;
  readonly seed: number;
  readonly steps: number;
  readonly sampler: string;
  readonly scheduler: string;
  readonly denoise: number;
  /** A strength other than 1 computes the negative branch too. */
  readonly cfg: number;
}

/** Samples in silence while weights move, then one progress per step. */
async function sample(run: Run, latent: Latent, context: NodeContext): Promise<Latent> {
  if (run.denoise === 0) return latent;
  if (latent.width < 8 || latent.height < 8)
    throw new PythonError('RuntimeError', 'the latent has no pixels');
  const { settings, time, vram } = context;
  await vram.hold(run.weights);
  const pictures = latent.pictures.map((base, index): Picture => sceneOf(run, latent, { base, index }));
  const load = Math.max((latent.width * latent.height * pictures.length) / MEGAPIXEL, LEAST_LOAD);
  const perStep = load * (run.cfg === 1 ? 1 : 2);
  const [first] = pictures;
  await vram.withScratch('sampling', scratchBytes(pictures, settings.sampleScratchMib), async () => {
    for (let step = 1; step <= run.steps; step += 1) {
      // Read anew each time: the pace may be changed under a render.
      await time.pass(settings.stepMs * perStep);
      await context.stepDone(step);
      const share = step / run.steps;
      const preview =
        context.wantsPreviews && first !== undefined
          ? () => context.painter.preview(first, { share, seed: run.seed, maxSide: settings.previewSize })
          : undefined;
      await context.progress(step, run.steps, preview);
    }
  });
  return { ...latent, pictures };
}

function sceneOf(
  run: Run,
  latent: Latent,
  { base, index }: { base: Picture | null; index: number },
): Picture {
  const { width, height } = latent;
  const { text, seed: number, steps: count, sampler, scheduler, guidance } = run;
  const caption = { text, seed: number, index, steps: count, sampler, scheduler, guidance };
  return { is: 'scene', width, height, caption, base, denoise: run.denoise };
}

const kSampler: NodeClass = {
  name: 'KSampler',
  displayName: 'KSampler',
  category: 'sampling',
  module: 'nodes',
  required: {
    model: link('MODEL'),
    seed,
    steps,
    cfg: float(8, 0, 100, 0.1),
    sampler_name: choice(SAMPLERS),
    scheduler: choice(SCHEDULERS),
    positive: link('CONDITIONING'),
    negative: link('CONDITIONING'),
    latent_image: link('LATENT'),
    denoise,
  },
  outputs: ['LATENT'],
  async run(inputs, context) {
    const { text, guidance } = inputs.value('positive', 'conditioning');
    inputs.value('negative', 'conditioning');
    const run: Run = {
      weights: inputs.value('model', 'model').weights,
      text,
      guidance,
      seed: inputs.number('seed'),
      steps: inputs.number('steps'),
      cfg: inputs.number('cfg'),
      sampler: inputs.text('sampler_name'),
      scheduler: inputs.text('scheduler'),
      denoise: inputs.number('denoise'),
    };
    return { outputs: [await sample(run, inputs.value('latent_image', 'latent'), context)] };
  },
};

const CUSTOM_SAMPLING = { module: 'comfy_extras.nodes_custom_sampler' };

const randomNoise: NodeClass = {
  ...CUSTOM_SAMPLING,
  name: 'RandomNoise',
  displayName: 'RandomNoise',
  category: 'sampling/custom_sampling/noise',
  required: { noise_seed: seed },
  outputs: ['NOISE'],
  async run(inputs) {
    return { outputs: [{ is: 'noise', seed: inputs.number('noise_seed') }] };
  },
};

const kSamplerSelect: NodeClass = {
  ...CUSTOM_SAMPLING,
  name: 'KSamplerSelect',
  displayName: 'KSamplerSelect',
  category: 'sampling/custom_sampling/samplers',
  required: { sampler_name: choice(SAMPLERS, { shape: 'combo' }) },
  outputs: ['SAMPLER'],
  async run(inputs) {
    return { outputs: [{ is: 'sampler', name: inputs.text('sampler_name') }] };
  },
};

const basicScheduler: NodeClass = {
  ...CUSTOM_SAMPLING,
  name: 'BasicScheduler',
  displayName: 'BasicScheduler',
  category: 'sampling/custom_sampling/schedulers',
  required: { model: link('MODEL'), scheduler: choice(SCHEDULERS, { shape: 'combo' }), steps, denoise },
  outputs: ['SIGMAS'],
  async run(inputs) {
    inputs.value('model', 'model');
    const scheduler = inputs.text('scheduler');
    const [count, share] = [inputs.number('steps'), inputs.number('denoise')];
    return { outputs: [{ is: 'sigmas', scheduler, steps: count, denoise: share }] };
  },
};

const basicGuider: NodeClass = {
  ...CUSTOM_SAMPLING,
  name: 'BasicGuider',
  displayName: 'BasicGuider',
  category: 'sampling/custom_sampling/guiders',
  required: { model: link('MODEL'), conditioning: link('CONDITIONING') },
  outputs: ['GUIDER'],
  async run(inputs) {
    const { weights } = inputs.value('model', 'model');
    const { text, guidance } = inputs.value('conditioning', 'conditioning');
    return { outputs: [{ is: 'guider', weights, text, guidance }] };
  },
};

const samplerCustomAdvanced: NodeClass = {
  ...CUSTOM_SAMPLING,
  name: 'SamplerCustomAdvanced',
  displayName: 'SamplerCustomAdvanced',
  category: 'sampling/custom_sampling',
  required: {
    noise: link('NOISE'),
    guider: link('GUIDER'),
    sampler: link('SAMPLER'),
    sigmas: link('SIGMAS'),
    latent_image: link('LATENT'),
  },
  outputs: [
    ['LATENT', 'output'],
    ['LATENT', 'denoised_output'],
  ],
  async run(inputs, context) {
    const { weights, text, guidance } = inputs.value('guider', 'guider');
    const sigmas = inputs.value('sigmas', 'sigmas');
    const run: Run = {
      ...{ weights, text, guidance, cfg: 1 },
      seed: inputs.value('noise', 'noise').seed,
      sampler: inputs.value('sampler', 'sampler').name,
      scheduler: sigmas.scheduler,
      steps: sigmas.steps,
      denoise: sigmas.denoise,
    };
    const output = await sample(run, inputs.value('latent_image', 'latent'), context);
    return { outputs: [output, output] };
  },
};

export const SAMPLING = [
  kSampler,
  randomNoise,
  kSamplerSelect,
  basicScheduler,
  basicGuider,
  samplerCustomAdvanced,
];
