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
    ['an unknown input', { extra: 1 }, 'node 2 (Sampler): this ComfyUI does not know the input "extra"'],
    ['an unknown input that links to nowhere', { extra: ['77', 0] }, 'does not know the input "extra"'],
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
