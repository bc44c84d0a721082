import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, systemClock } from '@baton/kernel';
import { EngineRunsStore } from './drivers/engine-runs.store.ts';
import { endLeftOvers } from './drivers/left-overs.ts';
import { ModelsService } from './engines/models.service.ts';
import { FootprintsStore } from './swap/footprints.store.ts';
import { fillDisk } from './testing/full-disk.ts';
import { COMFYUI, LLAMA, startTriedNode } from './testing/tried-node.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baton-full-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('with a full disk', () => {
  test('no swap begins and nobody passes; the same request is taken when there is room again', async () => {
    const node = await startTriedNode();
    await node.swapTo(LLAMA);
    const makeRoom = fillDisk(join(node.folder, 'fence.json'));
    const request = { swapId: 'full', fence: 9, to: COMFYUI, drainMs: 50 };
    expect(() => node.swaps.start(request)).toThrow(expect.objectContaining({ code: 'EISDIR' }));
    expect([node.swaps.owner, node.swaps.swap, node.gate.owner]).toEqual([null, null, null]);
    makeRoom();
    node.swaps.start(request);
    expect(await node.endOf('full')).toMatchObject({ outcome: 'done' });
    await node.close();
  });

  test('what was measured of the card holds on in memory, and is written when there is room', () => {
    const path = join(folder, 'footprints.json');
    const store = new FootprintsStore(path);
    const makeRoom = fillDisk(path);
    store.learn('a', 5_000);
    store.keepApart('a', 'b');
    expect([store.mibOf('a'), store.areApart('b', 'a')]).toEqual([5_000, true]);
    expect(new FootprintsStore(path).mibOf('a')).toBeNull();
    makeRoom();
    store.learn('b', 1_000);
    const next = new FootprintsStore(path);
    expect([next.mibOf('a'), next.mibOf('b'), next.areApart('a', 'b')]).toEqual([5_000, 1_000, true]);
  });

  test('an engine is not started unrecorded; one that has ended may stay on record', async () => {
    const path = join(folder, 'engines.json');
    const store = new EngineRunsStore(path);
    store.put({ runId: 'ended', engine: 'ollama', leader: { pid: 1, startTime: 1 } });
    const makeRoom = fillDisk(path);
    expect(() => store.put({ runId: 'next', engine: 'ollama', leader: null })).toThrow();
    store.remove('next');
    expect(await endLeftOvers(store, systemClock)).toEqual([]);
    expect(store.all()).toEqual([]);
    makeRoom();
    expect(new EngineRunsStore(path).all()).toHaveLength(1);
  });

  test('the list of models is the engine’s all the same', async () => {
    const path = join(folder, 'models.json');
    const models = new ModelsService({
      url: () => 'http://engine',
      read: () => Promise.resolve([]),
      path,
      clock: new FakeClock(1_000),
    });
    fillDisk(path);
    expect(await models.list()).toEqual({ source: 'live', at_ms: 1_000, models: [] });
  });
});
