import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { readTextChunks } from './picture/png-text.ts';
import { textToImage } from './traces/graphs.ts';
import type { Graph } from './traces/graphs.ts';
import type { FrameLog } from './traces/tried-server.ts';
import { TriedServer } from './traces/tried-server.ts';

interface Entry {
  readonly outputs: Record<string, { images: { filename: string; subfolder: string }[] }>;
  readonly status: { status_str: string };
}

let server: TriedServer;
let log: FrameLog;

beforeAll(async () => {
  server = await TriedServer.start({ control: { speed: 1_000 } });
  log = await server.connect('me');
});

afterAll(() => server.stop());

/** Runs a graph that ends in node 11 and gives the pictures it saved. */
async function pictures(graph: Graph): Promise<Buffer[]> {
  const id = randomUUID();
  const answer = await server.post('/prompt', { prompt: graph, prompt_id: id, client_id: 'me' });
  expect(answer.body).toMatchObject({ node_errors: {} });
  await log.finished(id);
  const { body } = await server.get<Record<string, Entry>>(`/history/${id}`);
  expect(body[id]?.status.status_str).toBe('success');
  const images = body[id]?.outputs['11']?.images ?? [];
  return Promise.all(
    images.map(({ filename, subfolder }) => readFile(join(server.dataDir, 'output', subfolder, filename))),
  );
}

async function sizesOf(files: readonly Buffer[]): Promise<[number, number][]> {
  return Promise.all(
    files.map(async (file): Promise<[number, number]> => {
      const { width, height } = await sharp(file).metadata();
      return [width, height];
    }),
  );
}

test('a batch gives as many different pictures, each with the graph inside', async () => {
  const graph = textToImage({ 5: { width: 96, height: 64, batch_size: 3 } });
  const files = await pictures(graph);
  expect(await sizesOf(files)).toEqual([
    [96, 64],
    [96, 64],
    [96, 64],
  ]);
  expect(new Set(files.map((file) => file.toString('base64'))).size).toBe(3);
  const [first = Buffer.alloc(0)] = files;
  expect(JSON.parse(readTextChunks(first)['prompt'] ?? '')).toEqual(graph);
});

test('with --disable-metadata nothing is inside, and the same graph gives the same bytes again', async () => {
  await server.control({ settings: { disableMetadata: true } });
  const [first] = await pictures(textToImage({ 9: { seed: 5 } }));
  const [again] = await pictures(textToImage({ 9: { seed: 5 }, 11: { filename_prefix: 'other' } }));
  await server.control({ settings: { disableMetadata: false } });
  expect(readTextChunks(first ?? Buffer.alloc(0))).toEqual({});
  expect(again?.equals(first ?? Buffer.alloc(0))).toBe(true);
});

test('the custom-sampler graph with the combined text node', async () => {
  const graph = textToImage();
  Object.assign(graph, {
    2: {
      class_type: 'CLIPTextEncodeFlux',
      inputs: { clip: ['1', 1], clip_l: 'cat', t5xxl: 'a cat', guidance: 3 },
    },
    30: { class_type: 'RandomNoise', inputs: { noise_seed: 3 } },
    31: { class_type: 'KSamplerSelect', inputs: { sampler_name: 'euler' } },
    32: {
      class_type: 'BasicScheduler',
      inputs: { model: ['33', 0], scheduler: 'simple', steps: 4, denoise: 1 },
    },
    33: {
      class_type: 'ModelSamplingFlux',
      inputs: { model: ['35', 0], max_shift: 1.15, base_shift: 0.5, width: 64, height: 64 },
    },
    34: { class_type: 'BasicGuider', inputs: { model: ['33', 0], conditioning: ['2', 0] } },
    35: {
      class_type: 'LoraLoaderModelOnly',
      inputs: { model: ['1', 0], lora_name: 'flux-detail.safetensors', strength_model: 1 },
    },
    9: {
      class_type: 'SamplerCustomAdvanced',
      inputs: {
        ...{ noise: ['30', 0], guider: ['34', 0], sampler: ['31', 0], sigmas: ['32', 0] },
        latent_image: ['5', 0],
      },
    },
  });
  expect(await sizesOf(await pictures(graph))).toEqual([[64, 64]]);
});

test('image to image begins with the pixels of the upload, scaled and cut as the graph says', async () => {
  const create = { width: 90, height: 50, channels: 3, background: '#ff0000' } as const;
  await writeFile(join(server.dataDir, 'input', 'red.png'), await sharp({ create }).png().toBuffer());
  const graph = textToImage({ 9: { latent_image: ['8', 0], denoise: 0.2 }, 10: { samples: ['7', 0] } });
  Object.assign(graph, {
    5: { class_type: 'LoadImage', inputs: { image: 'red.png' } },
    6: { class_type: 'ImageScaleBy', inputs: { image: ['5', 0], upscale_method: 'lanczos', scale_by: 2 } },
    8: { class_type: 'VAEEncode', inputs: { pixels: ['6', 0], vae: ['1', 2] } },
    7: { class_type: 'LatentFromBatch', inputs: { samples: ['9', 0], batch_index: -1, length: 4 } },
  });
  const [file] = await pictures(graph);
  expect(await sizesOf([file ?? Buffer.alloc(0)])).toEqual([[176, 96]]);
  const [r = 0, g = 255, b = 255] = await sharp(file).removeAlpha().raw().toBuffer();
  expect(r).toBeGreaterThan(200);
  expect(Math.max(g, b)).toBeLessThan(60);
});

test('a file that was overwritten is noticed by the cache', async () => {
  const put = async (background: string): Promise<void> => {
    const create = { width: 16, height: 16, channels: 3, background } as const;
    await writeFile(join(server.dataDir, 'input', 'changing.png'), await sharp({ create }).png().toBuffer());
  };
  const graph: Graph = {
    5: { class_type: 'LoadImage', inputs: { image: 'changing.png' } },
    6: {
      class_type: 'ImageScaleToTotalPixels',
      inputs: { image: ['5', 0], upscale_method: 'area', megapixels: 0.01, resolution_steps: 16 },
    },
    11: { class_type: 'SaveImage', inputs: { images: ['6', 0], filename_prefix: 'changing' } },
  };
  await put('#0000ff');
  await pictures(graph);
  await put('#00ff00');
  const [file] = await pictures(graph);
  expect([...(await sharp(file).removeAlpha().raw().toBuffer()).subarray(0, 3)]).toEqual([0, 255, 0]);
  expect(await sizesOf([file ?? Buffer.alloc(0)])).toEqual([[96, 96]]);
});

test('a prefix that leaves the output folder is an error of the node', async () => {
  const id = randomUUID();
  const graph = textToImage({ 11: { filename_prefix: '../../out' } });
  await server.post('/prompt', { prompt: graph, prompt_id: id, client_id: 'me' });
  await log.finished(id);
  const error = log.texts.find(({ type }) => type === 'execution_error');
  expect(error?.data).toMatchObject({ node_id: '11', exception_type: 'Exception' });
});
