import { afterEach, describe, expect, test } from '@jest/globals';
import { COMFYUI, LLAMA, LLAVA, startTriedNode, type TriedNode, type World } from '../testing/tried-node.ts';

let nodes: TriedNode[] = [];

afterEach(async () => {
  for (const node of nodes) await node.close();
  nodes = [];
});

async function startNode(world: World = {}): Promise<TriedNode> {
  const node = await startTriedNode(world);
  nodes.push(node);
  return node;
}

/** Seen with Ollama 0.34.3: an unload goes to the weights that the name has now. */
describe('a model that was replaced while it was in memory', () => {
  test('is no reason to keep the other models of an attached Ollama from anybody', async () => {
    const node = await startNode({ driver: 'attached', freeMs: 6_000 });
    await node.swapTo(LLAMA);
    node.ollama.replace('llama3:8b');
    const end = await node.swapTo(LLAVA);
    expect(end.outcome).toBe('done');
    expect(node.ollama.loaded.map(({ digest }) => digest)).toEqual(['llama3:8b 1', 'llava:7b 1']);
    // From then on it is known, and costs no time.
    const again = await node.swapTo(LLAMA);
    expect(again.outcome).toBe('done');
    expect(again.record.total_ms).toBeLessThan(1_500);
  });

  test('keeps ComfyUI out while the driver still counts its memory', async () => {
    const node = await startNode({ driver: 'attached', freeMs: 6_000, verifyMs: 100 });
    await node.swapTo(LLAMA);
    node.ollama.replace('llama3:8b');
    const end = await node.swapTo(COMFYUI);
    expect(end).toMatchObject({ outcome: 'failed', code: 'gpu.swap_failed' });
    expect(node.swaps.owner).toBeNull();
  });

  test('is ended where Ollama is ours, and nothing else of it', async () => {
    const node = await startNode({ freeMs: 6_000 });
    node.ollama.workersResist = false;
    await node.swapTo(LLAMA);
    node.ollama.replace('llama3:8b');
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
    expect([node.workerEnds(), node.stops()]).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });

  test('keeps only ComfyUI out where nobody looks at the card', async () => {
    const node = await startNode({ driver: 'attached', freeMs: 6_000, withoutProbe: true });
    await node.swapTo(LLAMA);
    node.ollama.replace('llama3:8b');
    expect(await node.swapTo(COMFYUI)).toMatchObject({ outcome: 'failed', code: 'gpu.swap_failed' });
    expect((await node.swapTo(LLAVA)).outcome).toBe('done');
    expect((await node.swapTo(LLAMA)).outcome).toBe('done');
  });
});
