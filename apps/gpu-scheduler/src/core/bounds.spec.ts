import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Lane } from './lane-queue.ts';
import { must } from './proof/agenda.ts';
import { longestWaitMs, usualChatWaitMs, type Worst } from './proof/bounds.ts';
import { traceCount } from './proof/trace-count.ts';
import { World } from './proof/world.ts';
import type { Settings } from './state.ts';
import { IMAGES, LLAMA, QWEN, SETTINGS } from './testing.ts';

/** I4 and the swap cap of I5: nothing fails, and everybody asks for as much as they can. */
const LANES = [IMAGES, LLAMA, QWEN] as const;
const SWAP_MS = 12_000;
const WORK_MS = { comfyui: 40_000, ollama: 10_000 };
const MINUTES = 25;
/** One of these traces is as long as a hundred others. */
const LONG = 0.01;

/** Somebody who keeps `depth` jobs waiting in a lane, from one minute to another. */
const flood = fc.record({
  lane: fc.nat(2),
  user: fc.nat(5),
  depth: fc.integer({ min: 1, max: 25 }),
  fromMin: fc.nat(10),
  forMin: fc.integer({ min: 1, max: MINUTES }),
});
type Flood = typeof flood extends fc.Arbitrary<infer Value> ? Value : never;
const story = fc.record({
  seed: fc.nat(2 ** 31),
  slots: fc.integer({ min: 1, max: 4 }),
  growth: fc.constantFrom(1, 3),
  urgent: fc.boolean(),
  floods: fc.array(flood, { minLength: 1, maxLength: 8 }),
});

interface Wait {
  readonly lane: Lane;
  readonly submittedAtMs: number;
  readonly isFirstOfUser: boolean;
}

/** Plays the floods and returns the world, with every job that was the only one of its user in its lane when it came. */
function play(
  world: World,
  floods: readonly Flood[],
  minutes: number,
  isOver = (): boolean => false,
): Map<string, Wait> {
  const waits = new Map<string, Wait>();
  for (let second = 0; second < minutes * 60 && !isOver(); second += 5) {
    for (const { lane: at, user, depth, fromMin, forMin } of floods) {
      if (second < fromMin * 60 || second >= (fromMin + forMin) * 60) continue;
      const lane = LANES[at] ?? IMAGES;
      for (;;) {
        const before = world.state.lanes.get(lane.key)?.countOf(user) ?? 0;
        if (before >= depth) break;
        const most = WORK_MS[lane.engine];
        const { arrival, grantedAtMs } = world.submit(
          lane,
          user,
          Math.round(most * (0.2 + 0.8 * ((second % 13) / 12))),
        );
        if (grantedAtMs !== null) continue;
        waits.set(arrival.id, { lane, submittedAtMs: arrival.submittedAtMs, isFirstOfUser: before === 0 });
        if (world.state.jobs.get(arrival.id) === undefined) break;
      }
    }
    world.agenda.runUntil(second * 1_000 + 5_000);
  }
  return waits;
}

function worldOf(seed: number, settings: Settings): World {
  return new World({
    seed,
    settings,
    owner: LLAMA,
    losses: 0,
    swapMs: { least: 4_000, most: SWAP_MS },
    isRecorded: false,
  });
}

test('whatever others ask for, the wait of whoever has nothing else waiting is bounded', () => {
  fc.assert(
    fc.property(story, ({ seed, slots, growth, urgent, floods }) => {
      const priority = urgent ? SETTINGS.priority : { comfyui: 5, ollama: 10 };
      const limits = { maxWaitingPerUser: 0, maxWaiting: 0, maxExpectedWaitMs: 0 };
      const settings = { ...SETTINGS, ...limits, priority, ollamaSlots: slots, maxTurnGrowth: growth };
      const world = worldOf(seed, settings);
      const waits = play(world, floods, MINUTES);
      // What passes between two programs counts as part of a swap and of a job.
      const workMs = { comfyui: WORK_MS.comfyui + 2_000, ollama: WORK_MS.ollama + 2_000 };
      const worst: Worst = { swapMs: SWAP_MS + 2_000, workMs, models: 2, users: 6 };
      for (const [id, { lane, submittedAtMs, isFirstOfUser }] of waits) {
        if (!isFirstOfUser) continue;
        const grantedAtMs = world.jobs.get(id)?.grantedAtMs ?? world.nowMs;
        const boundMs = longestWaitMs(settings, lane.engine, worst);
        must(
          grantedAtMs - submittedAtMs <= boundMs,
          `I4: ${id} waited ${grantedAtMs - submittedAtMs} of ${boundMs} ms`,
        );
      }
    }),
    { numRuns: traceCount(6, LONG), seed: 20261123 },
  );
});

test('background work of others costs whoever asks the work under way and two swaps, no more', () => {
  const chats = fc.array(
    fc.record({ lane: fc.nat(2), gapMs: fc.integer({ min: 1_000, max: 90_000 }), user: fc.nat(3) }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(chats, fc.nat(2 ** 31), fc.integer({ min: 1, max: 4 }), (asked, seed, slots) => {
      const world = worldOf(seed, { ...SETTINGS, maxWaitingPerUser: 0, ollamaSlots: slots });
      for (let n = 0; n < 90; n += 1) {
        const lane = LANES[n % 3] ?? IMAGES;
        world.submit(lane, 50 + (n % 4), WORK_MS[lane.engine], 'background');
      }
      const mostMs = WORK_MS.comfyui + 2 * SWAP_MS + 4_000;
      for (const { lane, gapMs, user } of asked) {
        world.agenda.runUntil(world.nowMs + gapMs);
        const job = world.submit(LANES[lane] ?? IMAGES, user, 5_000);
        const askedAtMs = world.nowMs;
        while (job.place !== 'ended') world.agenda.runUntil(world.nowMs + 1_000);
        const waitedMs = (job.grantedAtMs ?? Number.POSITIVE_INFINITY) - askedAtMs;
        must(waitedMs <= mostMs, `I4: waited ${waitedMs} of ${mostMs} ms behind background work`);
      }
    }),
    { numRuns: traceCount(6, LONG), seed: 20261126 },
  );
});

test('background work does not starve, however much others ask for', () => {
  const backgroundAgedMs = 120_000;
  fc.assert(
    fc.property(story, fc.nat(2), ({ seed, slots, growth, floods }, at) => {
      const limits = { maxWaitingPerUser: 0, maxWaiting: 0, maxExpectedWaitMs: 0, backgroundAgedMs };
      const settings = { ...SETTINGS, ...limits, ollamaSlots: slots, maxTurnGrowth: growth };
      const world = worldOf(seed, settings);
      const lane = LANES[at] ?? IMAGES;
      const job = world.submit(lane, 40, WORK_MS[lane.engine], 'background');
      const endless = floods.map((one) => ({ ...one, fromMin: 0, forMin: 600 }));
      const workMs = { comfyui: WORK_MS.comfyui + 2_000, ollama: WORK_MS.ollama + 2_000 };
      const worst: Worst = { swapMs: SWAP_MS + 2_000, workMs, models: 2, users: 7 };
      const boundMs = backgroundAgedMs + longestWaitMs(settings, lane.engine, worst);
      play(world, endless, Math.ceil(boundMs / 60_000), () => job.grantedAtMs !== null);
      must(
        job.grantedAtMs !== null && job.grantedAtMs <= boundMs,
        'I4: background work is served in the end',
      );
    }),
    { numRuns: traceCount(6, LONG), seed: 20261127 },
  );
});

test('the more urgent engine is not sent away again before its time is up, however many swaps others would like', () => {
  fc.assert(
    fc.property(story, ({ seed, slots, growth, floods }) => {
      const settings = { ...SETTINGS, ollamaSlots: slots, maxTurnGrowth: growth };
      const world = worldOf(seed, settings);
      play(world, floods, MINUTES);
      let lastMs = Number.NEGATIVE_INFINITY;
      for (const { atMs, swap, reason } of world.swaps) {
        if (reason !== 'turn_over' || swap.from?.engine !== 'comfyui') continue;
        must(atMs - lastMs >= settings.maxTurnMs.comfyui, 'I5: two switches away within one turn');
        lastMs = atMs;
      }
      const granted = [...world.jobs.values()].filter(({ grantedAtMs }) => grantedAtMs !== null).length;
      // One may be under way.
      const forJobs = world.swaps.filter(({ reason }) => reason !== 'return_home').length;
      must(forJobs <= granted + 1, 'I5: no more swaps than jobs served');
    }),
    { numRuns: traceCount(6, LONG), seed: 20261124 },
  );
});

test('under an endless flood of images a chat waits for one turn of images, the other models and those before it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ gapS: fc.integer({ min: 20, max: 120 }), lane: fc.integer({ min: 1, max: 2 }) }), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.nat(2 ** 31),
      (chats, seed) => {
        const limits = { maxWaitingPerUser: 0, maxExpectedWaitMs: 0 };
        const world = worldOf(seed, { ...SETTINGS, ...limits });
        const images: Flood = { lane: 0, user: 1, depth: 40, fromMin: 0, forMin: MINUTES };
        play(world, [images], 3);
        const asked = chats.map(({ gapS, lane }, at) => {
          const job = world.submit(LANES[lane] ?? LLAMA, 10 + at, 5_000);
          for (let s = 0; s < gapS; s += 5) {
            if ((world.state.lanes.get(IMAGES.key)?.size ?? 0) < 20) world.submit(IMAGES, 1, 20_000);
            world.agenda.runUntil(world.nowMs + 5_000);
          }
          return job;
        });
        while (asked.some(({ grantedAtMs }) => grantedAtMs === null) && world.nowMs < 7_200_000) {
          world.submit(IMAGES, 1, 20_000);
          world.agenda.runUntil(world.nowMs + 10_000);
        }
        const workMs = { comfyui: 42_000, ollama: 7_000 };
        const worst: Worst = { swapMs: SWAP_MS + 2_000, workMs, models: 2, users: 13 };
        // A chat that comes while chats have their turn waits for the rest of that first.
        const restMs = 3 * worst.swapMs + 2 * workMs.ollama * chats.length;
        const boundMs = usualChatWaitMs({ ...SETTINGS, ...limits }, worst, chats.length) + restMs;
        for (const { grantedAtMs, arrival } of asked) {
          expect((grantedAtMs ?? Number.POSITIVE_INFINITY) - arrival.submittedAtMs).toBeLessThanOrEqual(
            boundMs,
          );
        }
      },
    ),
    { numRuns: traceCount(5, LONG), seed: 20261125 },
  );
});
