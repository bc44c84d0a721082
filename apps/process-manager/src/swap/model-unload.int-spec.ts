import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { codeOf } from '@baton/kernel';
import type { EngineModel, Lane } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { SimulatedNode } from '../testing/simulated-node.ts';

/** Single models by hand, over the simulator's real processes. */

const PHI: Lane = { engine: 'ollama', instance: 'main', model: 'phi3:latest' };
const LLAVA: Lane = { engine: 'ollama', instance: 'main', model: 'llava:13b' };
const CODER: Lane = { engine: 'ollama', instance: 'main', model: 'qwen3-coder:30b' };
const CARD_MIB = 24_576;
const COMFYUI: Lane = { engine: 'comfyui' };

jest.setTimeout(60_000);

let node: SimulatedNode;

beforeAll(async () => {
  node = await SimulatedNode.start({ speed: 20 });
});
afterAll(() => node.close());
afterEach(async () => {
  await node.control('ollama', { speed: 20, faults: { unloadHangs: false } });
  expect((await node.swapTo(null)).outcome).toBe('done');
  expect((await node.readCard()).overlapCount).toBe(0);
});

async function loadedModels(): Promise<string[]> {
  const { text } = await node.ask(`${node.urlOf('ollama')}/api/ps`);
  return (JSON.parse(text) as { models: { name: string }[] }).models.map(({ name }) => name);
}

async function listed(name: string): Promise<EngineModel | undefined> {
  return (await node.runtime.models.list()).models.find((model) => model.name === name);
}

const codeOfFailure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => codeOf(error),
  );

/** Begins an answer under a lease, long enough to be met in the middle. */
async function startAnswer(leaseId: string): Promise<{ readonly text: Promise<string> }> {
  const headers = node.admit(leaseId, PHI);
  const before = node.runtime.guard.openConnections;
  const answer = node.ask(
    node.guarded('ollama', '/api/chat'),
    'POST',
    { model: 'phi3:latest', keep_alive: '5m', messages: [{ role: 'user', content: 'Hi' }] },
    headers,
  );
  await eventually(() => node.runtime.guard.openConnections > before);
  return { text: answer.then(({ text }) => text) };
}

describe('a model that is unloaded by hand', () => {
  test('is gone by the word of Ollama and of the card, and nobody owns the GPU after it', async () => {
    await node.swapTo(PHI);
    const heldMib = await node.weightsMib('ollama');
    expect(heldMib).toBeGreaterThan(1_000);
    const unloaded = await node.runtime.unloads.unload('phi3');
    expect(unloaded).toMatchObject({ state: 'done', was_loaded: true });
    expect(unloaded.freed_bytes).toBeGreaterThan(heldMib * 0.7 * 1_048_576);
    expect([await loadedModels(), await node.weightsMib('ollama')]).toEqual([[], 0]);
    expect(node.runtime.node.status.owner).toBeNull();
    expect(node.events).toContainEqual({ type: 'model.unloaded', lane: PHI });
    expect((await listed('phi3:latest'))?.loaded_bytes).toBeNull();
  });

  test('comes back with the next swap to it, which sees that it is not there', async () => {
    await node.swapTo(PHI);
    await node.runtime.unloads.unload('phi3:latest');
    const end = await node.swapTo(PHI);
    expect(end.outcome).toBe('done');
    expect(end.record.phases.map(({ phase }) => phase)).toContain('load');
    expect(await loadedModels()).toEqual(['phi3:latest']);
    expect((await listed('phi3:latest'))?.loaded_bytes).toBeGreaterThan(1_000_000_000);
  });

  test('goes when the last answer under a lease has ended, and harms no word of it', async () => {
    await node.swapTo(PHI);
    await node.control('ollama', { settings: { minReplyTokens: 400 } });
    const answer = await startAnswer('unload-1');
    expect(await node.runtime.unloads.unload('phi3')).toMatchObject({ state: 'accepted' });
    expect(await loadedModels()).toEqual(['phi3:latest']);
    expect(await codeOfFailure(node.runtime.unloads.delete('phi3'))).toBe('model.in_use');
    expect(node.runtime.guard.openConnections).toBe(1);
    expect(await answer.text).toContain('"done":true');
    expect(await loadedModels()).toEqual(['phi3:latest']);
    await node.runtime.guard.revoke('unload-1');
    await eventually(async () => (await loadedModels()).length === 0);
    await eventually(() => node.runtime.swaps.owner === null);
    await node.control('ollama', { settings: { minReplyTokens: 0 } });
  });

  test('stays while a lease of another model needs it besides', async () => {
    await node.swapTo(PHI);
    node.admit('unload-2', PHI, ['llava:13b']);
    expect(await codeOfFailure(node.runtime.unloads.delete('llava:13b'))).toBe('model.in_use');
    expect(await node.runtime.unloads.unload('llava:13b')).toMatchObject({ state: 'accepted' });
    await node.runtime.guard.revoke('unload-2');
    await eventually(() => !node.runtime.swaps.isUsed(() => true));
    expect(await node.runtime.unloads.unload('llava:13b')).toMatchObject({ state: 'done' });
  });

  test('leaves the turn of another engine alone', async () => {
    await node.swapTo(COMFYUI);
    expect(await node.runtime.unloads.unload('phi3')).toMatchObject({ state: 'done', was_loaded: false });
    expect(node.runtime.swaps.owner).toEqual(COMFYUI);
  });

  test('that nobody has installed is unknown', async () => {
    expect(await codeOfFailure(node.runtime.unloads.unload('huihui_ai/nothing:8b'))).toBe('model.unknown');
  });

  test('gives way to a swap that comes meanwhile', async () => {
    await node.swapTo(PHI);
    await node.faults('ollama', { unloadHangs: { times: 1 } });
    const failure = codeOfFailure(node.runtime.unloads.unload('phi3'));
    await eventually(() => node.runtime.swaps.owner === null);
    const swapId = node.begin(COMFYUI);
    expect(await failure).toBe('model.in_use');
    await node.faults('ollama', { unloadHangs: false });
    expect((await node.endOf(swapId)).outcome).toBe('done');
  });

  test('that would not go is told in time, and nothing is killed for it; the next swap helps itself', async () => {
    await node.swapTo(PHI);
    const before = node.urlOf('ollama');
    await node.faults('ollama', { unloadHangs: true });
    expect(await codeOfFailure(node.runtime.unloads.unload('phi3'))).toBe('engine.stalled');
    expect(await loadedModels()).toEqual(['phi3:latest']);
    expect(node.urlOf('ollama')).toBe(before);
    await node.faults('ollama', { unloadHangs: false });
    expect((await node.swapTo(COMFYUI)).outcome).toBe('done');
  });
});

describe('a model that is deleted', () => {
  test('goes from the card first, then from the disk, and from the list at once', async () => {
    await node.ask(`${node.urlOf('ollama')}/api/pull`, 'POST', { model: 'team/tiny-x:1b', stream: false });
    const lane: Lane = { engine: 'ollama', instance: 'main', model: 'team/tiny-x:1b' };
    expect((await node.swapTo(lane)).outcome).toBe('done');
    node.runtime.models.forget();
    expect(await listed('team/tiny-x:1b')).toMatchObject({ loaded_bytes: expect.any(Number) });
    const deleted = await node.runtime.unloads.delete('team/tiny-x:1b');
    expect(deleted).toMatchObject({ was_loaded: true });
    expect([await loadedModels(), await node.weightsMib('ollama')]).toEqual([[], 0]);
    expect(await listed('team/tiny-x:1b')).toBeUndefined();
    expect(await codeOfFailure(node.runtime.unloads.delete('team/tiny-x:1b'))).toBe('model.unknown');
  });
});

describe('a change between two models that do not fit together', () => {
  test('never has both on the card: the old one is gone before the other loads', async () => {
    await node.swapTo(LLAVA);
    const oldMib = await node.weightsMib('ollama');
    const beforeMib = (await node.readCard()).usedMib;
    const eventsBefore = (await node.usedBytes()).length;
    expect((await node.swapTo(CODER)).outcome).toBe('done');
    expect(await loadedModels()).toEqual(['qwen3-coder:30b']);
    const newMib = await node.weightsMib('ollama');
    expect(oldMib + newMib).toBeGreaterThan(CARD_MIB);
    const used = (await node.usedBytes()).slice(eventsBefore).map((bytes) => bytes / 1_048_576);
    // The only way from the one to the other leads over a card without either.
    expect(Math.min(...used)).toBeLessThan(beforeMib - oldMib * 0.9);
    expect(Math.max(...used)).toBeLessThan(CARD_MIB);
  });
});
