import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fluxTextToImage } from './flux-workflows.ts';
import { readWorkflow } from './read-workflow.ts';
import type { Workflow } from './workflow.ts';

const GRAPH = fluxTextToImage({ kind: 'checkpoint', checkpoint: 'flux1-dev-fp8.safetensors' });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workflow-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(content: unknown, name = 'Flux.json'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('a user’s own export is read, and known by its name and its content', async () => {
  const read = readWorkflow(await file(GRAPH));
  expect(read).toMatchObject({ name: 'Flux.json', graph: GRAPH, sampler: '9', output: '11' });
  expect(read.hash).toMatch(/^[0-9a-f]{16}$/);
});

test('one that is wrapped as it is sent to ComfyUI is read too', async () => {
  expect(readWorkflow(await file({ prompt: GRAPH, client_id: 'x' })).graph).toEqual(GRAPH);
});

test('places that cannot be found are declared beside it', async () => {
  const graph: Workflow = { ...GRAPH, '2': { class_type: 'FancyPrompt', inputs: { words: 'a' } } };
  const path = await file(graph);
  expect(() => readWorkflow(path)).toThrow('Flux.json: it is not clear where the prompt goes');
  await file({ prompt: '2.words' }, 'Flux.slots.json');
  expect(readWorkflow(path).slots.prompt).toEqual([{ node: '2', input: 'words' }]);
  await file({ promt: '2.words' }, 'Flux.slots.json');
  expect(() => readWorkflow(path)).toThrow('Flux.slots.json');
});

test.each([
  ['the editor’s format', { nodes: [], links: [], version: 0.4 }, 'use "Export (API)"'],
  ['no JSON', '{', 'Flux.json is not JSON'],
  ['a list', [], 'no workflow in API format'],
  ['nodes without a class', { '1': { inputs: {} } }, 'Flux.json is no workflow in API format: 1.class_type'],
  ['nothing', {}, 'has no nodes'],
])('%s is refused with what to do, and without the folder', async (_, content, message) => {
  const path = await file(content);
  expect(() => readWorkflow(path)).toThrow(message);
  expect(() => readWorkflow(path)).not.toThrow(folder);
});

test('a file that is not there is said by its name', () => {
  expect(() => readWorkflow(join(folder, 'none.json'))).toThrow('none.json is not there, or may not be read');
});
