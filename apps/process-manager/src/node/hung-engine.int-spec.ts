import { afterAll, afterEach, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import { eventually } from '@baton/testing';
import { EngineWatch } from '../core/engine-watch.ts';
import { ManagedEngine } from '../core/managed-engine.ts';
import { ChildProcessDriver } from '../drivers/child-process.driver.ts';
import { EngineRunsStore } from '../drivers/engine-runs.store.ts';
import { isAlive, pidAt } from '../testing/engine-process.ts';
import { ENGINE, Programs } from '../testing/programs.ts';

const programs = new Programs();
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => programs.remove());

function setUp() {
  const driver = new ChildProcessDriver(
    {
      engine: 'comfyui',
      command: programs.command('engine', ENGINE),
      host: '127.0.0.1',
      port: 0,
      environment: {},
      gentleSignal: 'SIGINT',
      gentleMs: 200,
    },
    new EngineRunsStore(join(programs.folder, 'engines.json')),
    systemClock,
  );
  const managed = new ManagedEngine({
    name: 'comfyui',
    driver,
    clock: systemClock,
    times: { backOffMs: 50 },
    probe: async (url, signal) => {
      try {
        return (await fetch(url, { signal, headers: { connection: 'close' } })).ok;
      } catch {
        return false;
      }
    },
  });
  closers.push(() => managed.stop());
  const world = { isWorking: false };
  const watch = new EngineWatch({
    clock: systemClock,
    isAnswering: (limitMs) => managed.isAnswering(limitMs),
    symptom: () => Promise.resolve(null),
    isWorking: () => world.isWorking,
    isOwner: () => true,
    isLeftAlone: () => managed.state !== 'ready',
    onTrouble: () => managed.restart(),
    times: { everyMs: 30, answerMs: 300, silences: 3 },
  });
  closers.push(() => watch.close());
  watch.start();
  return { managed, world };
}

test('an engine that lives and answers nothing is ended and comes up anew; not while it works', async () => {
  const { managed, world } = setUp();
  await managed.ensureReady();
  const pid = await pidAt(managed.url);
  const states: string[] = [];
  managed.onChange((state) => states.push(state));
  world.isWorking = true;
  process.kill(pid, 'SIGSTOP');
  // Three silences would be over by the time that this question is.
  expect(await managed.isAnswering(1_500)).toBe(false);
  expect(states).toEqual([]);
  world.isWorking = false;
  await eventually(() => states.at(-1) === 'ready');
  expect(states).toEqual(['stopping', 'failed', 'starting', 'ready']);
  expect(isAlive(pid)).toBe(false);
  expect(await pidAt(managed.url)).not.toBe(pid);
}, 20_000);
