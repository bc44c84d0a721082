import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError, systemClock } from '@baton/kernel';
import { quietLog } from '@baton/testing';
import sharp from 'sharp';
import { SimulatedComfyui } from '../testing/simulated-comfyui.ts';
import { ComfyuiDriver } from './comfyui.driver.ts';
import type { EngineDoor } from './engine-door.ts';
import type { RenderOrder } from './image-engine.ts';

const SETTINGS = {
  checkpoint: 'flux1-dev-fp8.safetensors',
  silenceMs: 30_000,
  isSimulated: true,
  defaultWidth: 1_024,
  defaultHeight: 1_024,
  steps: 8,
};

describe('the ComfyUI driver and the simulator’s ComfyUI', () => {
  const driver = new ComfyuiDriver(SETTINGS, systemClock, quietLog);
  let comfyui: SimulatedComfyui;
  let told: { steps: number[]; previews: string[] };

  beforeAll(async () => {
    comfyui = await SimulatedComfyui.start();
  });
  afterAll(() => comfyui.stop());
  beforeEach(() => {
    told = { steps: [], previews: [] };
  });

  function order(): RenderOrder {
    return {
      promptId: randomUUID(),
      prompt: 'A white fence.',
      width: 512,
      height: 256,
      // Sampling the same seed twice comes out of the cache: no step, and no fault at a step.
      seed: randomInt(2 ** 40),
      settings: { steps: 8, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
      checkpoint: SETTINGS.checkpoint,
    };
  }

  function door(signal = new AbortController().signal): EngineDoor {
    return { url: comfyui.url, headers: {}, signal };
  }

  const listener = {
    progress: (step: number) => told.steps.push(step),
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

  test('an order that was carried out is found again, with the same picture', async () => {
    const given = order();
    const picture = await driver.render(given, door(), listener);
    await expect(driver.has(given.promptId, door())).resolves.toBe(true);
    await expect(driver.follow(given.promptId, door(), listener)).resolves.toEqual(picture);
    await expect(driver.has(randomUUID(), door())).resolves.toBe(false);
  });

  test('a checkpoint that is not there is a workflow refused, and the log can say which input', async () => {
    const given = { ...order(), checkpoint: 'missing.safetensors' };
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
