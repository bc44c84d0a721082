import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { COMFYUI, LLAMA, LLAVA, startTriedNode, type TriedNode, type World } from '../testing/tried-node.ts';

/** A card of 24 GiB, of which a desktop has 300 MiB; a language model of 5 GB, a render of 12.5 GB. */

let nodes: TriedNode[] = [];

afterEach(async () => {
  for (const node of nodes) await node.close();
  nodes = [];
});

async function startNode(world: World = {}): Promise<TriedNode> {
  const node = await startTriedNode({ isShared: true, ...world });
  nodes.push(node);
  return node;
}

async function render(node: TriedNode): Promise<void> {
  node.comfyui.loadWeights();
  // The peak of a visit is seen by the watch.
  await eventually(() => (node.cardService.view?.used_mib ?? 0) > 12_000);
}

/** Both have had a visit of their own, each alone: what they need is known. */
async function measured(world: World = {}): Promise<TriedNode> {
  const node = await startNode(world);
  await node.swapTo(LLAMA);
  await node.swapTo(COMFYUI);
  await render(node);
  await node.swapTo(LLAMA);
  return node;
}

describe('soft sharing', () => {
  test('is off by itself: the other engine always lets go', async () => {
    const node = await startTriedNode({});
    nodes.push(node);
    await node.swapTo(LLAMA);
    await node.swapTo(COMFYUI);
    await render(node);
    await node.swapTo(LLAMA);
    const end = await node.swapTo(COMFYUI);
    expect(end.record.kept).toBeUndefined();
    expect(node.ollama.loaded).toEqual([]);
  });

  test('ends for an engine that came back beside another as for any: it is asked to let go, not stopped', async () => {
    const node = await measured();
    await node.swapTo(null);
    await node.swapTo(LLAMA);
    expect((await node.swapTo(COMFYUI)).record.kept).toEqual(['ollama']);
    await render(node);
    const end = await node.swapTo(LLAVA);
    expect(end).toMatchObject({ outcome: 'done' });
    expect(end.record.stopped).toBeUndefined();
    expect(node.card.used.get('comfyui') ?? 0).toBeLessThan(1_000);
  });

  test('does not begin before both needs were measured', async () => {
    const node = await startNode();
    expect((await node.swapTo(LLAMA)).record.kept).toBeUndefined();
    expect((await node.swapTo(COMFYUI)).record.kept).toBeUndefined();
    expect(node.ollama.loaded).toEqual([]);
    await render(node);
    const third = await node.swapTo(LLAMA);
    // ComfyUI's context of 500 MiB came first: it may count for either.
    expect([5_000, 5_500]).toContain(node.footprints.mibOf('ollama:main:llama3:8b'));
    expect([12_000, 12_500]).toContain(node.footprints.mibOf('comfyui'));
    expect(third.record.kept).toEqual(['comfyui']);
    expect(third.record.phases.map(({ phase }) => phase)).toEqual(['load', 'ready']);
  });

  test('when both fit, a change of visit neither frees nor loads; the gate changes hands all the same', async () => {
    const node = await measured();
    const toComfyui = await node.swapTo(COMFYUI);
    expect(toComfyui).toMatchObject({ outcome: 'done', record: { kept: ['ollama'] } });
    expect(toComfyui.record.phases.map(({ phase }) => phase)).toEqual(['ready']);
    expect(node.gate.owner?.engine).toBe('comfyui');
    expect(node.gate.highestFence).toBe(4);
    await render(node);
    const loads = node.ollama.loads.length;
    const back = await node.swapTo(LLAMA);
    expect(back.record).toMatchObject({ kept: ['comfyui'] });
    expect(back.record.phases.map(({ phase }) => phase)).toEqual(['ready']);
    expect(node.ollama.loads).toHaveLength(loads);
    expect(node.gate.owner?.engine).toBe('ollama');
  });

  test('what was measured is known after a restart', async () => {
    const { footprints, folder } = await measured();
    const { FootprintsStore } = await import('./footprints.store.ts');
    const again = new FootprintsStore(`${folder}/footprints.json`);
    expect(again.mibOf('comfyui')).toBe(footprints.mibOf('comfyui'));
    expect(new FootprintsStore(`${folder}/nothing.json`).mibOf('comfyui')).toBeNull();
  });

  test('does not happen where the minimum would not stay free', async () => {
    const node = await measured({ minFreeMib: 7_000 });
    const end = await node.swapTo(COMFYUI);
    expect(end.outcome).toBe('done');
    expect(end.record.kept).toBeUndefined();
    expect(node.ollama.loaded).toEqual([]);
  });

  test('ends at another model: the card is cleared, and it begins anew', async () => {
    const node = await measured();
    await node.swapTo(COMFYUI);
    await render(node);
    const end = await node.swapTo(LLAVA);
    expect(end.record.kept).toBeUndefined();
    expect(node.card.used.get('comfyui')).toBe(500);
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['llava:7b']);
  });

  test('a model that goes half to the CPU beside the other engine: both let go, and never again together', async () => {
    const node = await measured();
    await node.swapTo(COMFYUI);
    await render(node);
    // The kept model was forgotten meanwhile, and has to be loaded beside ComfyUI.
    node.ollama.loaded = [];
    node.card.used.delete('llama3:8b');
    node.ollama.splitLoads = 1;
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(end.record.kept).toBeUndefined();
    expect(node.card.used.get('comfyui')).toBe(500);
    expect(node.ollama.loaded[0]?.size_vram).toBe(node.ollama.loaded[0]?.size);
    expect((await node.swapTo(COMFYUI)).record.kept).toBeUndefined();
  });

  test('memory that runs short in a visit frees the engine that only stays, at once, and for good', async () => {
    const node = await measured();
    await node.swapTo(COMFYUI);
    node.card.used.set('comfyui', 19_000);
    await eventually(() => node.ollama.loaded.length === 0);
    await eventually(() => node.relieved.length === 1);
    expect(node.relieved).toEqual(['ollama: less free than the minimum']);
    expect(node.gate.owner?.engine).toBe('comfyui');
    await render(node);
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(end.record.kept).toBeUndefined();
    expect((await node.swapTo(COMFYUI)).record.kept).toBeUndefined();
  });

  test('a render that ran out of memory beside a model ends it, too', async () => {
    const node = await measured();
    await node.swapTo(COMFYUI);
    node.comfyui.failures = [{ timestamp: Date.now(), exception_type: 'torch.OutOfMemoryError' }];
    const end = await node.swapTo(LLAMA);
    expect(end.outcome).toBe('done');
    expect(end.record.kept).toBeUndefined();
    expect((await node.swapTo(COMFYUI)).record.kept).toBeUndefined();
  });

  test('an error of the engine in a shared visit is taken for a sign', async () => {
    const node = await measured();
    await node.swapTo(COMFYUI);
    node.swaps.relieve('comfyui reported an error');
    await eventually(() => node.ollama.loaded.length === 0);
    await eventually(() => node.relieved.length === 1);
    expect((await node.swapTo(LLAMA)).record.kept).toBeUndefined();
  });

  test('a swap that comes while one is being relieved takes over', async () => {
    const node = await measured();
    await node.swapTo(COMFYUI);
    node.ollama.unloadHangs = true;
    node.swaps.relieve('less free than the minimum');
    await eventually(
      () => node.ollama.requests.filter((request) => request.includes('/api/generate')).length > 0,
    );
    node.ollama.unloadHangs = false;
    const end = await node.swapTo(LLAVA);
    expect(end.outcome).toBe('done');
    expect(node.ollama.loaded.map(({ name }) => name)).toEqual(['llava:7b']);
  });
});
