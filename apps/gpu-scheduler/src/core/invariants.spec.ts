import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { forecast } from './forecast.ts';
import {
  onArrival,
  onCancel,
  onDoorShut,
  onExpired,
  onGranted,
  onGrantFailed,
  onReleased,
  onSwapAccepted,
  onSwapEnded,
  onTick,
} from './facts.ts';
import type { Lane } from './lane-queue.ts';
import { onNodeAway, onNodeReport } from './node.ts';
import type { Effect, GpuState, Settings } from './state.ts';
import { IMAGES, LLAMA, QWEN, SETTINGS, report, startedState, words } from './testing.ts';

/**
 * A world around the core: it carries out effects in any order and at any time that the trace says, and checks after
 * each fact what must always hold.
 */
class World {
  readonly state: GpuState;
  readonly log: string[] = [];
  readonly open: Effect[] = [];
  readonly granted = new Set<string>();
  readonly submitted = new Set<string>();
  readonly ended = new Map<string, string>();
  nowMs = 0;
  maxWaitMs = 0;
  private owner: Lane | null;
  private readonly cancelledWaiting = new Set<string>();
  private readonly submittedAtMs = new Map<string, number>();

  constructor(owner: Lane | null, settings: Partial<Settings>) {
    this.owner = owner;
    this.state = startedState(owner, settings);
  }

  submit(lane: Lane, userId: number): void {
    const id = `j${this.submitted.size}`;
    this.submitted.add(id);
    this.submittedAtMs.set(id, this.nowMs);
    this.take(
      onArrival(this.state, { id, lane, userId, estimateMs: 5_000, submittedAtMs: this.nowMs }, this.nowMs),
    );
  }

  cancel(pick: number): void {
    const ids = [...this.submitted].filter((id) => !this.ended.has(id));
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return;
    if (this.state.jobs.has(id)) this.cancelledWaiting.add(id);
    this.take(onCancel(this.state, id, this.nowMs));
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.take(onTick(this.state, this.nowMs));
  }

  lose(pick: number): void {
    const leases = [...this.state.running.values()].filter(({ stage }) => stage === 'live');
    const lease = leases[pick % Math.max(1, leases.length)];
    if (lease !== undefined) this.take(onExpired(this.state, lease.leaseId));
  }

  finishWork(pick: number): void {
    const leases = [...this.state.running.values()].filter(({ stage }) => stage === 'live');
    const lease = leases[pick % Math.max(1, leases.length)];
    if (lease !== undefined) this.take(onReleased(this.state, lease.leaseId, 'completed'));
  }

  /** Carries out one of the outstanding effects; `luck` decides whether it works. */
  perform(pick: number, luck: number): void {
    const effect = this.open.splice(pick % Math.max(1, this.open.length), 1)[0];
    if (effect === undefined) return;
    const { state, nowMs } = this;
    if (effect.do === 'grant') {
      if (luck === 0) this.take(onGrantFailed(state, effect.leaseId, 'refused', nowMs));
      else this.take(onGranted(state, effect.leaseId, 'boot-1', nowMs));
    } else if (effect.do === 'close') {
      this.take(onDoorShut(state, effect.leaseId, luck !== 0, nowMs));
    } else if (effect.do === 'startSwap') {
      onSwapAccepted(state, effect.swap.id);
      const isDone = luck !== 0;
      this.owner = isDone ? effect.swap.to : null;
      this.take(onSwapEnded(state, { swapId: effect.swap.id, isDone, tookMs: 5_000 }, nowMs));
    }
  }

  nodeAway(): void {
    this.take(onNodeAway(this.state, this.nowMs));
  }

  nodeBack(): void {
    const swap = this.state.swap;
    const inSwap = swap === null ? null : { swapId: swap.id, to: swap.to, phase: swap.phase };
    this.take(onNodeReport(this.state, report(this.state, this.owner, { swap: inSwap }), this.nowMs));
  }

  private take(effects: readonly Effect[]): void {
    this.log.push(...words(effects));
    for (const effect of effects) {
      if (effect.do === 'end') this.end(effect.job.id, effect.ending.outcome);
      else if (effect.do === 'finish') this.end(effect.job.id, effect.ending.outcome);
      else this.open.push(effect);
      if (effect.do === 'grant') {
        must(!this.cancelledWaiting.has(effect.job.id), 'cancelled ones are not granted');
        this.granted.add(effect.job.id);
        const waited = this.nowMs - (this.submittedAtMs.get(effect.job.id) ?? 0);
        this.maxWaitMs = Math.max(this.maxWaitMs, waited);
      }
      if (effect.do === 'startSwap') must(this.state.running.size === 0, 'a swap waits for the last lease');
    }
    this.check();
  }

  private end(jobId: string, outcome: string): void {
    must(!this.ended.has(jobId), 'a job ends once');
    this.ended.set(jobId, outcome);
  }

  private check(): void {
    const { state } = this;
    const lanes = new Set([...state.running.values()].map(({ job }) => job.lane.key));
    must(lanes.size <= 1, 'one lane at a time');
    must(state.swap === null || lanes.size === 0, 'nobody runs during a swap');
    const slots = lanes.has(IMAGES.key) ? 1 : state.settings.ollamaSlots;
    must(state.running.size <= slots, 'no more leases than places');
    must(
      state.jobs.size + state.running.size + this.ended.size === this.submitted.size,
      'no job lost or doubled',
    );
    const queued = [...state.lanes.values()].reduce((sum, lane) => sum + lane.size, 0);
    must(queued === state.jobs.size, 'every waiting job is in a lane');
    const isIdle = state.running.size === 0 && state.swap === null;
    if (isIdle && state.node.isPresent && state.clearing === null) {
      const offered = [...state.lanes.values()].filter(
        (lane) => lane.size > 0 && lane.retryAtMs <= this.nowMs,
      );
      must(offered.length === 0, 'not idle while somebody could be served');
    }
  }
}

/** `expect` costs too much for what is asked a million times. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`);
}

type Step = { readonly act: string; readonly n: number; readonly luck: number };
const LANES = [IMAGES, LLAMA, QWEN] as const;

function run(world: World, steps: readonly Step[]): void {
  for (const { act, n, luck } of steps) {
    if (act === 'submit') world.submit(LANES[n % 3] ?? IMAGES, luck);
    else if (act === 'cancel') world.cancel(n);
    else if (act === 'perform') world.perform(n, luck);
    else if (act === 'work') world.finishWork(n);
    else if (act === 'lose') world.lose(n);
    else if (act === 'away') world.nodeAway();
    else if (act === 'back') world.nodeBack();
    else world.wait(n * 500);
  }
}

/** Everything from here on works: whatever is still open comes to its end. */
function drain(world: World): void {
  for (let step = 0; step < 5_000 && world.ended.size < world.submitted.size; step += 1) {
    world.nodeBack();
    world.perform(0, 1);
    world.finishWork(0);
    if (world.open.length === 0) world.wait(1_000);
  }
}

const steps = fc.array(
  fc.record({
    act: fc.oneof(
      { weight: 5, arbitrary: fc.constant('submit') },
      { weight: 8, arbitrary: fc.constant('perform') },
      { weight: 5, arbitrary: fc.constant('work') },
      { weight: 3, arbitrary: fc.constant('wait') },
      { weight: 1, arbitrary: fc.constantFrom('cancel', 'lose', 'away', 'back') },
    ),
    n: fc.nat(40),
    luck: fc.nat(8),
  }),
  { maxLength: 120 },
);
const slots = fc.integer({ min: 1, max: 3 });

test('one engine at a time, no job lost or ended twice, never idle with a job that could run, cancelled ones never granted', () => {
  fc.assert(
    fc.property(steps, slots, (trace, ollamaSlots) => {
      const world = new World(LLAMA, { ollamaSlots });
      run(world, trace);
      drain(world);
      expect(world.ended.size).toBe(world.submitted.size);
    }),
    { numRuns: 400, seed: 20260901 },
  );
});

test('the same trace gives the same decisions, and looking ahead changes none of them', () => {
  fc.assert(
    fc.property(steps, slots, (trace, ollamaSlots) => {
      const one = new World(null, { ollamaSlots });
      const other = new World(null, { ollamaSlots });
      run(one, trace);
      for (const step of trace) {
        forecast(other.state, other.nowMs);
        run(other, [step]);
      }
      expect(other.log).toEqual(one.log);
    }),
    { numRuns: 100, seed: 20260902 },
  );
});

test('every visit that was not overtaken by a cancellation serves somebody', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 40 }), (arrivals) => {
      const world = new World(null, {
        maxTurnMs: { comfyui: 0, ollama: 0 },
        maxLaneVisitMs: 0,
        restoreHome: false,
      });
      for (const lane of arrivals) {
        world.submit(LANES[lane] ?? IMAGES, lane);
        world.perform(0, 1);
        world.wait(100);
      }
      drain(world);
      const swaps = world.log.filter((word) => word.startsWith('swap')).length;
      expect(swaps).toBeLessThanOrEqual(world.granted.size);
    }),
    { numRuns: 200, seed: 20260903 },
  );
});

test('under an endless flood of images no chat waits longer than an image turn, the longest image and the swaps', () => {
  const IMAGE_MS = 20_000;
  const SWAP_MS = 7_000;
  const CHAT_MS = 6_000;
  fc.assert(
    fc.property(
      fc.array(fc.record({ gapMs: fc.nat(60_000), qwen: fc.boolean() }), { minLength: 1, maxLength: 15 }),
      (chats) => {
        const world = new World(IMAGES, {});
        const endMs = new Map<Effect, number>();
        const submittedAtMs = new Map<string, number>();
        let worst = 0;
        let nextChatMs = chats[0]?.gapMs ?? 0;
        let chat = 0;
        for (world.nowMs = 0; world.nowMs < 1_500_000; world.nowMs += 1_000) {
          while ((world.state.lanes.get(IMAGES.key)?.size ?? 0) < 5) world.submit(IMAGES, 1);
          const due = chats[chat];
          if (due !== undefined && world.nowMs >= nextChatMs) {
            submittedAtMs.set(`j${world.submitted.size}`, world.nowMs);
            world.submit(due.qwen ? QWEN : LLAMA, 2);
            chat += 1;
            nextChatMs += chats[chat]?.gapMs ?? 0;
          }
          for (const effect of [...world.open]) {
            if (effect.do === 'startSwap' && !endMs.has(effect)) endMs.set(effect, world.nowMs + SWAP_MS);
            if ((endMs.get(effect) ?? 0) <= world.nowMs) world.perform(world.open.indexOf(effect), 1);
          }
          for (const [id, atMs] of submittedAtMs) {
            if (world.granted.has(id)) submittedAtMs.delete(id);
            else worst = Math.max(worst, world.nowMs - atMs);
          }
          for (const { job, stage, grantedAtMs } of world.state.running.values()) {
            const workMs = job.lane.engine === 'comfyui' ? IMAGE_MS : CHAT_MS;
            if (stage === 'live' && world.nowMs >= grantedAtMs + workMs) world.finishWork(0);
          }
          world.wait(0);
        }
        const bound =
          SETTINGS.maxTurnMs.comfyui +
          IMAGE_MS +
          3 * SWAP_MS +
          SETTINGS.maxTurnMs.ollama +
          chats.length * CHAT_MS;
        expect(submittedAtMs.size).toBe(0);
        expect(worst).toBeLessThanOrEqual(bound);
      },
    ),
    { numRuns: 10, seed: 20260904 },
  );
});
