import { describe, expect, test } from '@jest/globals';
import { objectInfo, problemsOf, type ObjectInfo } from './check-workflow.ts';
import type { Workflow } from './workflow.ts';

/** In both shapes in which ComfyUI lists choices. */
const KNOWN: ObjectInfo = objectInfo.parse({
  Loader: {
    input: { required: { file: [['a.safetensors', 'b.safetensors'], {}] } },
    output: ['MODEL', 'CLIP'],
  },
  Sampler: {
    input: {
      required: {
        model: ['MODEL'],
        steps: ['INT', { min: 1, max: 100 }],
        name: ['COMBO', { options: ['euler', 'heun'] }],
      },
      optional: { note: ['STRING', {}] },
    },
    output: ['LATENT'],
  },
});
const GOOD: Workflow = {
  '1': { class_type: 'Loader', inputs: { file: 'a.safetensors' } },
  '2': {
    class_type: 'Sampler',
    inputs: { model: ['1', 0], steps: 20, name: 'euler' },
    _meta: { title: 'Main' },
  },
};

function withInputs(changes: Record<string, unknown>): string[] {
  const inputs = { ...GOOD['2']?.inputs, ...changes };
  const given = Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
  return problemsOf({ ...GOOD, '2': { class_type: 'Sampler', inputs: given } }, KNOWN, new Set());
}

test('a graph that fits has no problems', () => {
  expect(problemsOf(GOOD, KNOWN, new Set())).toEqual([]);
});

describe('told with node and input:', () => {
  test.each([
    ['a missing input', { steps: undefined }, 'node 2 (Sampler): input "steps" is missing'],
    [
      'an unknown link',
      { extra: ['1', 0] },
      'node 2 (Sampler): this ComfyUI does not know the input "extra"',
    ],
    ['an unknown link to nowhere', { extra: ['77', 0] }, 'does not know the input "extra"'],
    ['a link to nowhere', { model: ['77', 0] }, 'is linked to node 77, which is not there'],
    [
      'a link to an output that is not there',
      { model: ['1', 2] },
      'output 2 of node 1 (Loader), which has 2',
    ],
    ['a choice that is not there', { name: 'ddim' }, 'is "ddim"; this ComfyUI has: euler, heun'],
    ['a number too small', { steps: 0 }, 'must be at least 1, and is 0'],
    ['a number too large', { steps: 101 }, 'must be at most 100, and is 101'],
    ['no number', { steps: 'many' }, 'must be a number, and is "many"'],
    ['a list that is no link', { model: [1, 2] }, 'is not a link to a node'],
  ])('%s', (_, changes, message) => {
    expect(withInputs(changes)).toEqual([expect.stringContaining(message)]);
  });

  test('a node class that is not installed', () => {
    expect(
      problemsOf({ '5': { class_type: 'Fancy', inputs: {}, _meta: { title: 'X' } } }, KNOWN, new Set()),
    ).toEqual(['node 5 (Fancy, "X"): this ComfyUI has no such node']);
  });

  test('a model file that is not there', () => {
    const graph = { ...GOOD, '1': { class_type: 'Loader', inputs: { file: 'c.safetensors' } } };
    expect(problemsOf(graph, KNOWN, new Set())).toEqual([
      'node 1 (Loader): input "file" is "c.safetensors"; this ComfyUI has: a.safetensors, b.safetensors',
    ]);
  });
});

test('what is filled in later is not looked at', () => {
  const graph = { ...GOOD, '1': { class_type: 'Loader', inputs: { file: 'later' } } };
  expect(problemsOf(graph, KNOWN, new Set(['1.file']))).toEqual([]);
});

/** As ComfyUI 0.33.0 describes them, cut short; it takes each of these graphs. */
describe('inputs that depend on what is given', () => {
  const DYNAMIC: ObjectInfo = objectInfo.parse({
    LoadImage: { input: { required: { image: [['x.png'], { image_upload: true }] } }, output: ['IMAGE'] },
    BatchImagesNode: {
      input: {
        required: {
          images: [
            'COMFY_AUTOGROW_V3',
            {
              template: { input: { required: { image: ['IMAGE', {}] } }, prefix: 'image', min: 1, max: 50 },
            },
          ],
        },
      },
      output: ['IMAGE'],
    },
    ComfyMathExpression: {
      input: {
        required: {
          values: [
            'COMFY_AUTOGROW_V3',
            {
              template: { input: { required: { value: ['FLOAT,INT', {}] } }, names: ['a', 'b', 'c'], min: 1 },
            },
          ],
        },
      },
      output: ['FLOAT'],
    },
    ResizeImageMaskNode: {
      input: {
        required: {
          input: ['COMFY_MATCHTYPE_V3', { template: { template_id: 'input_type' } }],
          resize_type: [
            'COMFY_DYNAMICCOMBO_V3',
            {
              options: [
                {
                  key: 'scale longer dimension',
                  inputs: { required: { longer_size: ['INT', { min: 0, max: 16_384 }] } },
                },
                { key: 'match size', inputs: { required: { match: ['IMAGE', {}] } } },
              ],
            },
          ],
        },
      },
      output: ['IMAGE'],
    },
    Styles: {
      input: { required: { tags: ['COMBO', { multiselect: true, options: ['ink', 'oil', 'chalk'] }] } },
    },
  });
  const problemsWith = (class_type: string, inputs: Record<string, unknown>): string[] =>
    problemsOf(
      { '1': { class_type: 'LoadImage', inputs: { image: 'x.png' } }, '2': { class_type, inputs } },
      DYNAMIC,
      new Set(),
    );

  test.each([
    ['as many as are wanted', 'BatchImagesNode', { 'images.image0': ['1', 0], 'images.image7': ['1', 0] }],
    ['as many as are wanted, by name', 'ComfyMathExpression', { 'values.a': 1, 'values.c': 2.5 }],
    [
      'those of the choice',
      'ResizeImageMaskNode',
      {
        input: ['1', 0],
        resize_type: 'scale longer dimension',
        'resize_type.longer_size': 128,
        'resize_type.width': 5,
      },
    ],
    ['a picture in a folder', 'LoadImage', { image: 'sub/y.png [input]' }],
    ['what an older export has beside it', 'LoadImage', { image: 'x.png', upload: 'image' }],
    ['several choices', 'Styles', { tags: { __value__: ['ink', 'chalk'] } }],
  ])('fit: %s', (_, kind, inputs) => {
    expect(problemsWith(kind, inputs)).toEqual([]);
  });

  test.each([
    ['none where one is needed', 'BatchImagesNode', {}, 'input "images.image0" is missing'],
    [
      'more than there can be',
      'BatchImagesNode',
      { 'images.image0': ['1', 0], 'images.image50': ['1', 0] },
      'does not know the input "images.image50"',
    ],
    [
      'a link to nowhere',
      'BatchImagesNode',
      { 'images.image0': ['9', 0] },
      'input "images.image0" is linked to node 9, which is not there',
    ],
    [
      'a choice without its input',
      'ResizeImageMaskNode',
      { input: ['1', 0], resize_type: 'scale longer dimension' },
      'input "resize_type.longer_size" is missing',
    ],
    [
      'a choice with a number too small',
      'ResizeImageMaskNode',
      { input: ['1', 0], resize_type: 'scale longer dimension', 'resize_type.longer_size': -1 },
      'must be at least 0',
    ],
    [
      'a choice that is not there',
      'ResizeImageMaskNode',
      { input: ['1', 0], resize_type: 'nonsense' },
      'input "resize_type" is "nonsense"; this ComfyUI has: scale longer dimension, match size',
    ],
    ['one of several choices', 'Styles', { tags: { __value__: ['ink', 'wax'] } }, '"wax"; this ComfyUI has'],
  ])('are told: %s', (_, kind, inputs, message) => {
    expect(problemsWith(kind, inputs)).toEqual([expect.stringContaining(message)]);
  });
});
