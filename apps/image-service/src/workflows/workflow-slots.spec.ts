import { describe, expect, test } from '@jest/globals';
import { fillWorkflow } from './fill-workflow.ts';
import { fluxImageToImage, fluxTextToImage } from './flux-workflows.ts';
import { findSlots } from './workflow-slots.ts';
import { hashOf, type Workflow } from './workflow.ts';

const CHECKPOINT = { kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' } as const;
const SPLIT = {
  kind: 'split',
  diffusionModel: 'flux1-dev.safetensors',
  textEncoders: ['clip_l.safetensors', 't5xxl_fp16.safetensors'],
  vae: 'ae.safetensors',
} as const;

/** As advanced Flux graphs are built: noise, guider, sampler and schedule are nodes of their own, the seed comes from another. */
const CUSTOM: Workflow = {
  '6': { class_type: 'CLIPTextEncode', inputs: { clip: ['11', 0], text: 'old prompt' } },
  '13': {
    class_type: 'SamplerCustomAdvanced',
    inputs: {
      noise: ['25', 0],
      guider: ['22', 0],
      sampler: ['16', 0],
      sigmas: ['17', 0],
      latent_image: ['27', 0],
    },
  },
  '16': { class_type: 'KSamplerSelect', inputs: { sampler_name: 'euler' } },
  '17': {
    class_type: 'BasicScheduler',
    inputs: { model: ['30', 0], scheduler: 'simple', steps: 20, denoise: 1 },
  },
  '22': { class_type: 'BasicGuider', inputs: { model: ['30', 0], conditioning: ['26', 0] } },
  '25': { class_type: 'RandomNoise', inputs: { noise_seed: ['40', 0] } },
  '26': { class_type: 'FluxGuidance', inputs: { conditioning: ['6', 0], guidance: 3.5 } },
  '27': { class_type: 'EmptySD3LatentImage', inputs: { width: 1024, height: 1024, batch_size: 4 } },
  '30': {
    class_type: 'ModelSamplingFlux',
    inputs: { model: ['12', 0], width: 1024, height: 1024, max_shift: 1.15 },
  },
  '40': { class_type: 'PrimitiveInt', inputs: { value: 7 } },
  '9': {
    class_type: 'SaveImage',
    inputs: { images: ['8', 0], filename_prefix: 'mine' },
    _meta: { title: 'Result' },
  },
  '8': { class_type: 'VAEDecode', inputs: { samples: ['13', 0], vae: ['10', 0] } },
};

describe('places are found in', () => {
  test.each([
    ['one file', fluxTextToImage(CHECKPOINT)],
    ['split files', fluxTextToImage(SPLIT)],
  ])('our graph for %s', (_, graph) => {
    expect(findSlots(graph)).toEqual({
      sampler: '9',
      output: '11',
      slots: {
        prompt: [{ node: '2', input: 'text' }],
        guidance: [{ node: '3', input: 'guidance' }],
        width: [{ node: '5', input: 'width' }],
        height: [{ node: '5', input: 'height' }],
        seed: [{ node: '9', input: 'seed' }],
        steps: [{ node: '9', input: 'steps' }],
        cfg: [{ node: '9', input: 'cfg' }],
        sampler: [{ node: '9', input: 'sampler_name' }],
        scheduler: [{ node: '9', input: 'scheduler' }],
        denoise: [{ node: '9', input: 'denoise' }],
      },
    });
  });

  test('our graph that begins with a picture', () => {
    expect(findSlots(fluxImageToImage(SPLIT)).slots).toMatchObject({
      image: [{ node: '5', input: 'image' }],
      width: [{ node: '6', input: 'width' }],
      denoise: [{ node: '9', input: 'denoise' }],
    });
  });

  test('a graph whose sampler is made of several nodes', () => {
    expect(findSlots(CUSTOM)).toMatchObject({
      sampler: '13',
      output: '9',
      slots: {
        prompt: [{ node: '6', input: 'text' }],
        guidance: [{ node: '26', input: 'guidance' }],
        seed: [{ node: '40', input: 'value' }],
        steps: [{ node: '17', input: 'steps' }],
        denoise: [{ node: '17', input: 'denoise' }],
        sampler: [{ node: '16', input: 'sampler_name' }],
        width: [
          { node: '27', input: 'width' },
          { node: '30', input: 'width' },
        ],
      },
    });
  });

  test('a graph with one text node for both encoders: both get the prompt', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['3'] = {
      class_type: 'CLIPTextEncodeFlux',
      inputs: { clip: ['1', 1], clip_l: 'a', t5xxl: 'a', guidance: 3.5 },
    };
    expect(findSlots(graph).slots).toMatchObject({
      prompt: [
        { node: '3', input: 't5xxl' },
        { node: '3', input: 'clip_l' },
      ],
      guidance: [{ node: '3', input: 'guidance' }],
    });
  });
});

describe('as people build them:', () => {
  test('a preview beside the node that saves is not the picture', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['12'] = { class_type: 'PreviewImage', inputs: { images: ['10', 0] } };
    expect(findSlots(graph).output).toBe('11');
  });

  test('a sampler that nothing of the picture comes from does not count', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['99'] = structuredClone(graph['9'] ?? { class_type: 'KSampler', inputs: {} });
    expect(findSlots(graph).sampler).toBe('9');
  });

  test('of two passes the first makes the picture; both have the prompt and the seed, each its own steps', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    const first = graph['9']?.inputs ?? {};
    graph['20'] = { class_type: 'LatentUpscaleBy', inputs: { samples: ['9', 0], scale_by: 1.5 } };
    graph['21'] = { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: '' } };
    graph['22'] = {
      class_type: 'KSampler',
      inputs: { ...first, latent_image: ['20', 0], positive: ['21', 0], denoise: 0.5, steps: 8 },
    };
    graph['10'] = { class_type: 'VAEDecode', inputs: { samples: ['22', 0], vae: ['1', 2] } };
    const found = findSlots(graph);
    expect(found).toMatchObject({
      sampler: '9',
      slots: {
        prompt: [
          { node: '2', input: 'text' },
          { node: '21', input: 'text' },
        ],
        seed: [
          { node: '9', input: 'seed' },
          { node: '22', input: 'seed' },
        ],
        steps: [{ node: '9', input: 'steps' }],
        denoise: [{ node: '9', input: 'denoise' }],
        width: [{ node: '5', input: 'width' }],
      },
    });
  });

  test('a value of another kind beside the one that is wanted is left alone', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    const text = { class_type: 'RandomWords', inputs: { seed: 3, text: 'a {red|blue} fence' } };
    graph['60'] = text;
    graph['2'] = { class_type: 'CLIPTextEncode', inputs: { clip: ['1', 1], text: ['60', 0] } };
    graph['61'] = { class_type: 'SizeByName', inputs: { text: '16:9', value: 1024 } };
    graph['5'] = {
      class_type: 'EmptySD3LatentImage',
      inputs: { width: ['61', 0], height: 1, batch_size: 1 },
    };
    expect(findSlots(graph).slots).toMatchObject({
      prompt: [{ node: '60', input: 'text' }],
      width: [{ node: '61', input: 'value' }],
    });
    delete graph['60'].inputs['text'];
    expect(() => findSlots(graph)).toThrow('declare "prompt"');
  });
});

describe('what is not clear is said', () => {
  test('two samplers side by side', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['99'] = structuredClone(graph['9'] ?? { class_type: 'KSampler', inputs: {} });
    graph['98'] = { class_type: 'LatentBlend', inputs: { samples1: ['9', 0], samples2: ['99', 0] } };
    graph['10'] = { class_type: 'VAEDecode', inputs: { samples: ['98', 0], vae: ['1', 2] } };
    expect(() => findSlots(graph)).toThrow('has 2 (9, 99)');
  });

  test('two nodes that save', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['12'] = { class_type: 'SaveImage', inputs: { images: ['10', 0], filename_prefix: 'x' } };
    expect(() => findSlots(graph)).toThrow('has 2 (11, 12): declare "output"');
    expect(findSlots(graph, { output: '12' }).output).toBe('12');
  });

  test('no node that saves', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    delete graph['11'];
    expect(() => findSlots(graph)).toThrow('declare "output"');
  });

  test('a prompt that comes from a node we do not know', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['2'] = { class_type: 'FancyPrompt', inputs: { words: 'a' } };
    expect(() => findSlots(graph)).toThrow('declare "prompt" as "node.input"');
    expect(findSlots(graph, { prompt: '2.words' }).slots.prompt).toEqual([{ node: '2', input: 'words' }]);
    expect(() => findSlots(graph, { prompt: '2.text' })).toThrow('"prompt" is declared as "2.text"');
  });

  test('a ring of nodes ends', () => {
    const graph = fluxTextToImage(CHECKPOINT);
    graph['3'] = { class_type: 'FluxGuidance', inputs: { conditioning: ['3', 0], guidance: 1 } };
    expect(() => findSlots(graph)).toThrow('declare "prompt"');
  });
});

describe('filling', () => {
  test('puts every value where it belongs, asks for one picture, and names its file', () => {
    const values = { prompt: 'A fence.', seed: 9, width: 768, height: 512, steps: 25, denoise: 0.6 };
    const filled = fillWorkflow(CUSTOM, findSlots(CUSTOM), values, 'baton/x');
    expect(filled['6']?.inputs['text']).toBe('A fence.');
    expect(filled['40']?.inputs['value']).toBe(9);
    expect(filled['27']?.inputs).toEqual({ width: 768, height: 512, batch_size: 1 });
    expect(filled['30']?.inputs).toMatchObject({ width: 768, height: 512 });
    expect(filled['17']?.inputs).toMatchObject({ steps: 25, denoise: 0.6, scheduler: 'simple' });
    expect(filled['9']).toEqual({
      class_type: 'SaveImage',
      inputs: { images: ['8', 0], filename_prefix: 'baton/x' },
    });
  });

  test('leaves the graph itself as it is', () => {
    const before = structuredClone(CUSTOM);
    fillWorkflow(CUSTOM, findSlots(CUSTOM), { prompt: 'A fence.' }, 'x');
    expect(CUSTOM).toEqual(before);
  });

  test('the same values are the same graph, to the byte', () => {
    const fill = (): string =>
      JSON.stringify(fillWorkflow(CUSTOM, findSlots(CUSTOM), { prompt: 'A fence.', seed: 9 }, 'x'));
    expect(fill()).toBe(fill());
  });
});

test('a graph is named by what it does, not by the order or the titles of its nodes', () => {
  const { '9': output, ...others } = CUSTOM;
  expect(hashOf({ '9': { ...output, _meta: { title: 'x' } } as Workflow[string], ...others })).toBe(
    hashOf(CUSTOM),
  );
  expect(hashOf({ ...CUSTOM, '40': { class_type: 'PrimitiveInt', inputs: { value: 8 } } })).not.toBe(
    hashOf(CUSTOM),
  );
});
