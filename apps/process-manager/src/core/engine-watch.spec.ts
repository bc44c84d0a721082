import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@baton/kernel';
import { EngineWatch, type Symptom } from './engine-watch.ts';

function setUp() {
  const clock = new FakeClock();
  const world = {
    answers: true,
    symptom: null as Symptom | null,
    isWorking: false,
    isOwner: true,
    isLeftAlone: false,
    troubles: [] as string[],
    limits: [] as number[],
  };
  const watch = new EngineWatch({
    clock,
    isAnswering: async (limitMs) => {
      world.limits.push(limitMs);
      return world.answers;
    },
    symptom: async () => world.symptom,
    isWorking: () => world.isWorking,
    isOwner: () => world.isOwner,
    isLeftAlone: () => world.isLeftAlone,
    onTrouble: async (why) => {
      world.troubles.push(why);
    },
    times: {
      everyMs: 1_000,
      answerMs: 700,
      silences: 3,
      silencesAtWork: 10,
      stuckMs: 5_000,
      uncertainMs: 20_000,
    },
  });
  watch.start();
  return { clock, world, watch };
}

const STUCK: Symptom = { what: 'a prompt does not move', isCertain: false };
const DEAD: Symptom = { what: 'nobody takes the waiting prompts', isCertain: true };

describe('the watch over an engine', () => {
  test('a healthy one is asked again and again, and left in peace', async () => {
    const { clock, world, watch } = setUp();
    await clock.advance(60_000);
    expect(world.troubles).toEqual([]);
    expect(world.limits).toHaveLength(60);
    expect(world.limits[0]).toBe(700);
    await watch.close();
  });

  test('silent three times in a row, it hangs; told once, and counted anew', async () => {
    const { clock, world } = setUp();
    world.answers = false;
    await clock.advance(2_000);
    expect(world.troubles).toEqual([]);
    await clock.advance(1_000);
    expect(world.troubles).toEqual(['does not answer']);
    await clock.advance(2_000);
    expect(world.troubles).toHaveLength(1);
    await clock.advance(1_000);
    expect(world.troubles).toHaveLength(2);
  });

  test('one answer in between, and it does not hang', async () => {
    const { clock, world } = setUp();
    for (let round = 0; round < 5; round += 1) {
      world.answers = false;
      await clock.advance(2_000);
      world.answers = true;
      await clock.advance(1_000);
    }
    expect(world.troubles).toEqual([]);
  });

  test('silent while it works for a lease, it has longer', async () => {
    const { clock, world } = setUp();
    world.answers = false;
    world.isWorking = true;
    await clock.advance(9_000);
    expect(world.troubles).toEqual([]);
    await clock.advance(1_000);
    expect(world.troubles).toEqual(['does not answer']);
  });

  test('one answer while it works, and the count begins anew', async () => {
    const { clock, world } = setUp();
    world.isWorking = true;
    for (let round = 0; round < 3; round += 1) {
      world.answers = false;
      await clock.advance(9_000);
      world.answers = true;
      await clock.advance(1_000);
    }
    expect(world.troubles).toEqual([]);
  });

  test('work that does not move is a trouble only when it belongs to no lease', async () => {
    const { clock, world } = setUp();
    world.symptom = STUCK;
    world.isWorking = true;
    await clock.advance(60_000);
    expect(world.troubles).toEqual([]);
    world.isWorking = false;
    await clock.advance(20_000);
    expect(world.troubles).toEqual([]);
    await clock.advance(1_000);
    expect(world.troubles).toEqual([STUCK.what]);
  });

  test('long work of an engine that has not the GPU is somebody else’s, and left to the next swap', async () => {
    const { clock, world } = setUp();
    world.symptom = STUCK;
    world.isOwner = false;
    await clock.advance(120_000);
    expect(world.troubles).toEqual([]);
    world.symptom = DEAD;
    await clock.advance(6_000);
    expect(world.troubles).toEqual([DEAD.what]);
  });

  test('what no healthy engine shows is a trouble even while a lease waits for it', async () => {
    const { clock, world } = setUp();
    world.symptom = DEAD;
    world.isWorking = true;
    await clock.advance(6_000);
    expect(world.troubles).toEqual([DEAD.what]);
  });

  test('a symptom that changes, or goes and comes back, is not the same', async () => {
    const { clock, world } = setUp();
    for (let step = 0; step < 20; step += 1) {
      world.symptom = { what: `prompt ${step}`, isCertain: true };
      await clock.advance(4_000);
    }
    world.symptom = DEAD;
    await clock.advance(4_000);
    world.symptom = null;
    await clock.advance(1_000);
    world.symptom = DEAD;
    await clock.advance(5_000);
    expect(world.troubles).toEqual([]);
  });

  test('a swap looks after the engine itself', async () => {
    const { clock, world } = setUp();
    world.answers = false;
    await clock.advance(2_000);
    world.isLeftAlone = true;
    await clock.advance(60_000);
    world.isLeftAlone = false;
    await clock.advance(2_000);
    expect(world.troubles).toEqual([]);
    await clock.advance(1_000);
    expect(world.troubles).toEqual(['does not answer']);
  });

  test('closed, it looks no more', async () => {
    const { clock, world, watch } = setUp();
    world.answers = false;
    await clock.advance(2_000);
    await watch.close();
    await clock.advance(60_000);
    expect(world.troubles).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
