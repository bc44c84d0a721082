import { expect, test } from '@jest/globals';
import type { RenderOrder } from './image-engine.ts';
import { OUTPUT_NODE, SAMPLER_NODE, textToImage } from './flux-workflow.ts';

const ORDER: RenderOrder = {
  promptId: '015ca42e-814c-4a82-9ac4-60aad02b4677',
  prompt: 'A white fence.',
  width: 1024,
  height: 768,
  seed: 7,
  settings: { steps: 20, cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 },
  checkpoint: 'flux1-dev-fp8.safetensors',
};

test('every link points at a node of the graph: a link to nowhere kills the worker of a real ComfyUI', () => {
  const workflow = textToImage(ORDER);
  for (const { inputs } of Object.values(workflow)) {
    for (const input of Object.values(inputs)) {
      if (typeof input !== 'string' && typeof input !== 'number') expect(workflow).toHaveProperty([input[0]]);
    }
  }
});

test('prompt, seed, size and settings are where they belong, and the file is named after the order', () => {
  const workflow = textToImage(ORDER);
  expect(workflow['2']?.inputs['text']).toBe('A white fence.');
  expect(workflow['5']?.inputs).toEqual({ width: 1024, height: 768, batch_size: 1 });
  expect(workflow[SAMPLER_NODE]?.inputs).toMatchObject({ seed: 7, steps: 20, cfg: 1, sampler_name: 'euler' });
  expect(workflow[OUTPUT_NODE]?.inputs['filename_prefix']).toBe(`baton/${ORDER.promptId}`);
});

test('the same order is the same graph', () => {
  expect(textToImage(ORDER)).toEqual(textToImage({ ...ORDER }));
});
