import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError, FakeClock } from '@baton/kernel';
import { Log, Metrics } from '@baton/platform';
import { pino } from 'pino';
import { FakeImageEngine } from '../testing/fake-engines.ts';
import { FakeProcessManager } from '../testing/fake-process-manager.ts';
import type { ObjectInfo } from './check-workflow.ts';
import { WorkflowWatch } from './workflow-watch.service.ts';
import { WorkflowsService } from './workflows.service.ts';

const SETTINGS = {
  files: { kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' },
  textPath: null,
  imagePath: null,
  upscalePath: null,
} as const;

/** Has every class and takes every value, but the checkpoint must be one of these. */
function comfyui(checkpoints: readonly string[]): ObjectInfo {
  const inputs = {
    CheckpointLoaderSimple: { ckpt_name: [checkpoints] },
    CLIPTextEncode: { clip: ['CLIP'], text: ['STRING'] },
    FluxGuidance: { conditioning: ['CONDITIONING'], guidance: ['FLOAT'] },
    ConditioningZeroOut: { conditioning: ['CONDITIONING'] },
    EmptySD3LatentImage: { width: ['INT'], height: ['INT'], batch_size: ['INT'] },
    KSampler: Object.fromEntries(
      [
        'model',
        'positive',
        'negative',
        'latent_image',
        'seed',
        'steps',
        'cfg',
        'sampler_name',
        'scheduler',
        'denoise',
      ].map((name) => [name, ['*']]),
    ),
    VAEDecode: { samples: ['LATENT'], vae: ['VAE'] },
    VAEEncode: { pixels: ['IMAGE'], vae: ['VAE'] },
    LoadImage: { image: [['one.png']] },
    ImageScale: {
      image: ['IMAGE'],
      upscale_method: ['*'],
      width: ['INT'],
      height: ['INT'],
      crop: ['*'],
    },
    SaveImage: { images: ['IMAGE'], filename_prefix: ['STRING'] },
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, required]) => [
      name,
      { input: { required, optional: {} }, output: [1, 2, 3], output_node: name === 'SaveImage' },
    ]),
  );
}

describe('the watch over graphs', () => {
  let known: () => ObjectInfo | null;
  let clock: FakeClock;
  let metrics: Metrics;
  let watch: WorkflowWatch;
  let lines: string;

  beforeEach(() => {
    known = () => null;
    lines = '';
    clock = new FakeClock();
    metrics = new Metrics('image-service');
    const output = new PassThrough().on('data', (line) => {
      lines += String(line);
    });
    const log = new Log(pino(output));
    const workflows = new WorkflowsService(SETTINGS, new FakeImageEngine(() => Buffer.alloc(0)), log);
    watch = new WorkflowWatch(workflows, new FakeProcessManager(() => known()), metrics, clock, log);
  });
  afterEach(() => watch.onModuleDestroy());

  /** The first look is over. */
  async function begin(): Promise<void> {
    watch.onApplicationBootstrap();
    await clock.advance(0);
  }

  async function fits(): Promise<string[]> {
    const text = await metrics.registry.metrics();
    return text.split('\n').filter((line) => line.startsWith('baton_workflow_fits{'));
  }

  test('says nothing against a graph while ComfyUI does not run, and looks again', async () => {
    await begin();
    await expect(watch.usable('text')).resolves.toMatchObject({ name: 'built in' });
    expect((await fits()).every((line) => line.endsWith(' -1'))).toBe(true);
    known = () => comfyui(['flux1-dev-fp8.safetensors']);
    await clock.advance(60_000);
    expect((await fits()).map((line) => line.at(-1))).toEqual(['1', '1']);
  });

  test('a graph that does not fit is refused early with node and input, and told once', async () => {
    known = () => comfyui(['another.safetensors']);
    await begin();
    await expect(watch.usable('text')).rejects.toMatchObject({
      code: 'image.workflow_invalid',
      issues: [
        {
          path: 'workflow',
          message: expect.stringMatching(/node 1 \(CheckpointLoaderSimple\): input "ckpt_name".*another/),
        },
      ],
    });
    await clock.advance(180_000);
    expect((await fits()).map((line) => line.at(-1))).toEqual(['0', '0']);
    // One graph from words, one out of a picture.
    expect(lines.match(/workflow\.misfit/g)).toHaveLength(2);
  });

  test('whoever has mended it need not wait for the next look', async () => {
    known = () => comfyui([]);
    await begin();
    known = () => comfyui(['flux1-dev-fp8.safetensors']);
    await expect(watch.usable('image')).resolves.toMatchObject({ name: 'built in' });
  });

  test('a ComfyUI that went away takes its verdict with it', async () => {
    known = () => comfyui([]);
    await begin();
    known = () => null;
    await expect(watch.usable('text')).resolves.toMatchObject({ name: 'built in' });
    known = () => {
      throw new AppError('call.timeout');
    };
    await expect(watch.usable('text')).resolves.toMatchObject({ name: 'built in' });
  });

  test('what is not configured stays so', async () => {
    await expect(watch.usable('upscale')).rejects.toMatchObject({ code: 'image.no_upscaler' });
  });
});
