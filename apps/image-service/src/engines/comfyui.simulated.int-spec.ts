import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError, systemClock } from '@baton/kernel';
import { quietLog } from '@baton/testing';
import sharp from 'sharp';
import { SimulatedComfyui } from '../testing/simulated-comfyui.ts';
import { ComfyuiDriver } from './comfyui.driver.ts';
import type { EngineDoor } from './engine-door.ts';
import { problemsOf } from '../workflows/check-workflow.ts';
import { fillWorkflow } from '../workflows/fill-workflow.ts';
import { fluxImageToImage, fluxTextToImage } from '../workflows/flux-workflows.ts';
import { prepareWorkflow } from '../workflows/read-workflow.ts';
import type { RenderOrder } from './image-engine.ts';

const SETTINGS = {
  model: 'flux1-dev-fp8',
  silenceMs: 30_000,
  isSimulated: true,
  defaultWidth: 1_024,
  defaultHeight: 1_024,
  steps: 8,
  visionModel: 'llava:13b',
  modelSide: 1_024,
};
const CHECKPOINT = { kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' } as const;
const SPLIT = {
  kind: 'split',
  diffusionModel: 'flux1-dev.safetensors',
  textEncoders: ['clip_l.safetensors', 't5xxl_fp16.safetensors'],
  vae: 'ae.safetensors',
} as const;

describe('the ComfyUI driver and the simulator’s ComfyUI', () => {
  const driver = new ComfyuiDriver(SETTINGS, systemClock, quietLog);
  let comfyui: SimulatedComfyui;
  let told: { steps: number[]; nodes: string[]; previews: string[] };

  beforeAll(async () => {
    comfyui = await SimulatedComfyui.start();
  });
  afterAll(() => comfyui.stop());
  beforeEach(() => {
    told = { steps: [], nodes: [], previews: [] };
  });

  function order(
    workflow = prepareWorkflow('built in', fluxTextToImage(CHECKPOINT)),
    image?: string,
  ): RenderOrder {
    const promptId = randomUUID();
    const { sampler, output, graph } = workflow;
    // Sampling the same seed twice comes out of the cache: no step, and no fault at a step.
    const values = { prompt: 'A white fence.', width: 512, height: 256, seed: randomInt(2 ** 40), steps: 8 };
    const given = { ...values, ...(image === undefined ? {} : { image }) };
    return { promptId, sampler, output, graph: fillWorkflow(graph, workflow, given, `baton/${promptId}`) };
  }

  function door(signal = new AbortController().signal): EngineDoor {
    return { url: comfyui.url, headers: {}, signal };
  }

  const listener = {
    progress: (step: number) => told.steps.push(step),
    node: (id: string) => told.nodes.push(id),
    preview: (_: Buffer, type: string) => told.previews.push(type),
  };

  test('a picture of the size that was ordered comes back, with steps that grow and previews', async () => {
    const picture = await driver.render(order(), door(), listener);
    await expect(sharp(picture).metadata()).resolves.toMatchObject({
      format: 'png',
      width: 512,
      height: 256,
    });
    expect(told.steps.at(-1)).toBe(8);
    expect(told.steps).toEqual([...told.steps].sort((a, b) => a - b));
    expect(new Set(told.previews)).toEqual(new Set(['image/jpeg']));
  });

  test.each([
    ['one file', CHECKPOINT],
    ['split files', SPLIT],
  ])('both of our graphs for %s fit this ComfyUI, and make pictures', async (_, files) => {
    const graphs = [fluxTextToImage(files), fluxImageToImage(files)];
    const classes = [
      ...new Set(graphs.flatMap((graph) => Object.values(graph).map((node) => node.class_type))),
    ];
    const known = await driver.describe(classes, door());
    expect(Object.keys(known).sort()).toEqual(classes.sort());
    const free = new Set(['5.image']);
    for (const graph of graphs) expect(problemsOf(graph, known, free)).toEqual([]);
    const bytes = await sharp({ create: { width: 512, height: 256, channels: 3, background: '#a00' } })
      .png()
      .toBuffer();
    const name = await driver.bring({ name: 'reference.png', bytes }, door());
    expect(await driver.bring({ name: 'reference.png', bytes }, door())).toBe(name);
    const given = order(prepareWorkflow('built in', fluxImageToImage(files)), name);
    const picture = await driver.render(given, door(), listener);
    await expect(sharp(picture).metadata()).resolves.toMatchObject({ width: 512, height: 256 });
    expect(told.nodes).toEqual(expect.arrayContaining(['9', '10']));
  });

  test('a picture whose name is taken by another one is found under the name that ComfyUI gave it', async () => {
    const plain = (background: string): Promise<Buffer> =>
      sharp({ create: { width: 512, height: 256, channels: 3, background } })
        .png()
        .toBuffer();
    const [red, blue] = await Promise.all([plain('#a00'), plain('#00a')]);
    const taken = await driver.bring({ name: 'same.png', bytes: red }, door());
    const name = await driver.bring({ name: 'same.png', bytes: blue }, door());
    expect(name).not.toBe(taken);
    const graph = prepareWorkflow('built in', fluxImageToImage(CHECKPOINT));
    await expect(driver.render(order(graph, name), door(), listener)).resolves.toBeInstanceOf(Buffer);
  });

  test('a class that this ComfyUI does not have is left out', async () => {
    expect(Object.keys(await driver.describe(['KSampler', 'NoSuchNode'], door()))).toEqual(['KSampler']);
  });

  test('an order that was carried out is found again, with the same picture', async () => {
    const given = order();
    const picture = await driver.render(given, door(), listener);
    await expect(driver.has(given.promptId, door())).resolves.toBe(true);
    await expect(driver.follow(given, door(), listener)).resolves.toEqual(picture);
    await expect(driver.has(randomUUID(), door())).resolves.toBe(false);
  });

  test('a checkpoint that is not there is a workflow refused, and the log can say which input', async () => {
    const given = order(
      prepareWorkflow('built in', fluxTextToImage({ ...CHECKPOINT, checkpoint: 'missing.safetensors' })),
    );
    const failure = await driver.render(given, door(), listener).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'image.workflow_rejected' });
    expect((failure as AppError).details['problems']).toContain('1: value_not_in_list ckpt_name');
  });

  test.each([
    ['oom', 'engine.out_of_memory'],
    ['nodeError', 'image.render_failed'],
  ])('the fault %s is %s', async (fault, code) => {
    await comfyui.control({ faults: { [fault]: { times: 1 } } });
    await expect(driver.render(order(), door(), listener)).rejects.toMatchObject({ code });
  });

  test('a render whose sockets are cut is found by polling', async () => {
    await comfyui.control({ faults: { dropSockets: { times: 1 } } });
    const picture = await driver.render(order(), door(), listener);
    await expect(sharp(picture).metadata()).resolves.toMatchObject({ width: 512 });
  });

  test('an interruption from outside is one, and such an order is of no further use', async () => {
    await comfyui.control({ faults: { slowStep: { times: 1, ms: 20_000 } } });
    const given = order();
    const first = Promise.withResolvers<undefined>();
    const render = driver.render(given, door(), { ...listener, progress: () => first.resolve(undefined) });
    await first.promise;
    await comfyui.post('/interrupt', { prompt_id: given.promptId });
    await expect(render).rejects.toMatchObject({ code: 'image.interrupted' });
    await expect(driver.has(given.promptId, door())).resolves.toBe(false);
  });

  test('an abort in the middle ends it at once, with its reason', async () => {
    const stop = new AbortController();
    const reason = new AppError('gpu.lease_lost');
    const render = driver.render(order(), door(stop.signal), {
      ...listener,
      progress: () => stop.abort(reason),
    });
    await expect(render).rejects.toBe(reason);
  });
});
