import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { copyState } from './state.ts';
import { forecast } from './forecast.ts';
import { must } from './proof/agenda.ts';
import { traceCount } from './proof/trace-count.ts';
import { World } from './proof/world.ts';
import { IMAGES, LLAMA, QWEN, SETTINGS } from './testing.ts';
import { firstDifference } from './trace.ts';

/**
 * I1, I3, I5, I6, I7 and I10 of the scheduling design, and I11 and I12 of `design.md`, over random traces in virtual time: holders crash, the node goes away,
 * starts anew and fails swaps, answers come late or never, leaders die, people cancel and switch by hand. `World` throws as
 * soon as one is broken. A failure prints fast-check's seed and path; put the counterexample into `FOUND` to keep it.
 */
const LANES = [IMAGES, LLAMA, QWEN] as const;

const step = fc.record({
  act: fc.oneof(
    { weight: 12, arbitrary: fc.constant('submit') },
    { weight: 4, arbitrary: fc.constantFrom('chore', 'background', 'batch') },
    { weight: 6, arbitrary: fc.constant('wait') },
    { weight: 2, arbitrary: fc.constantFrom('cancel', 'crash', 'flood', 'order') },
    { weight: 1, arbitrary: fc.constantFrom('away', 'restart', 'leader', 'swapsFail', 'swapsWork') },
  ),
  n: fc.nat(99),
  gapMs: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(20_000)),
});
type Step = { readonly act: string; readonly n: number; readonly gapMs: number };
const story = fc.record({
  seed: fc.nat(2 ** 31),
  slots: fc.integer({ min: 1, max: 4 }),
  losses: fc.constantFrom(0, 0.05, 0.3),
  owner: fc.constantFrom(null, IMAGES, LLAMA),
  perUser: fc.constantFrom(0, 1, 2),
  aged: fc.constantFrom(20_000, 1_800_000),
  steps: fc.array(step, { maxLength: 45 }),
});
type Story = typeof story extends fc.Arbitrary<infer Value> ? Value : never;

function begin({ seed, slots, losses, owner, perUser, aged }: Story, isRecorded: boolean): World {
  const limits = {
    maxRunningPerUser: perUser,
    maxWaitingPerUser: 30,
    maxWaiting: 60,
    backgroundAgedMs: aged,
  };
  const settings = { ...SETTINGS, ...limits, ollamaSlots: slots };
  return new World({ seed, settings, owner, losses, swapMs: { least: 500, most: 12_000 }, isRecorded });
}

function play(world: World, { act, n, gapMs }: Step): void {
  const lane = LANES[n % 3] ?? IMAGES;
  if (act === 'submit') world.submit(lane, n % 7, 1_000 + n * 200);
  else if (act === 'flood') for (let k = 0; k < 20; k += 1) world.submit(lane, n % 5, 2_000);
  else if (act === 'chore') world.submit(lane, n % 7, 1_000 + n * 50, 'chore');
  else if (act === 'background') world.submit(lane, n % 7, 1_000 + n * 200, 'background');
  else if (act === 'batch') for (let k = 0; k < 15; k += 1) world.submit(lane, n % 5, 3_000, 'background');
  else if (act === 'cancel') world.cancel(n);
  else if (act === 'crash') world.crashHolder(n);
  else if (act === 'order') world.order(lane, n > 60);
  else if (act === 'away') world.nodeAway(n * 300);
  else if (act === 'restart') world.node.restart();
  else if (act === 'leader') world.changeLeader();
  else if (act === 'swapsFail') world.node.failures = 0.7;
  else if (act === 'swapsWork') world.node.failures = 0;
  world.agenda.runUntil(world.nowMs + gapMs);
}

function tell(told: Story): World {
  const world = begin(told, false);
  for (const one of told.steps) play(world, one);
  world.settle(3_600_000);
  return world;
}

/** Stories that once broke something, found by these tests. */
const FOUND: [Story][] = [];

test('one lane at a time, every job ends once, visits serve, never idle, cancelled ones never reach an engine, what gives way does', () => {
  fc.assert(
    fc.property(story, (told) => {
      const world = tell(told);
      for (const { place, outcome, code, arrival } of world.jobs.values()) {
        must(place === 'ended' && outcome !== null, `I3: ${arrival.id} has ended`);
        must(
          (outcome === 'failed') === (code !== null) || outcome !== 'completed',
          'a completed job has no code',
        );
      }
      for (const [id, state] of world.orders) must(state !== 'placed', `order ${id} has ended`);
    }),
    { numRuns: traceCount(220), seed: 20261121, examples: FOUND },
  );
});

test('the same facts at the same times give the same effects, bit by bit, and looking ahead changes none of them', () => {
  fc.assert(
    fc.property(story, (told) => {
      const world = begin(told, true);
      for (const one of told.steps) {
        play(world, one);
        const before = JSON.stringify([world.state.visit, world.state.running.size, world.state.jobs.size]);
        forecast(world.state, world.nowMs);
        forecast(copyState(world.state), world.nowMs);
        must(
          before === JSON.stringify([world.state.visit, world.state.running.size, world.state.jobs.size]),
          'untouched',
        );
      }
      expect(firstDifference(world.trace)).toBeNull();
    }),
    { numRuns: traceCount(40, 0.1), seed: 20261122 },
  );
});
