import { beforeEach, expect, test } from '@jest/globals';
import type { SwitchOrder } from '@baton/contracts';
import type { Log } from '@baton/platform';
import { apply } from '../core/fact.ts';
import type { GpuState } from '../core/state.ts';
import { LLAMA, startedState } from '../core/testing.ts';
import type { LeaseStore } from '../leases/lease.store.ts';
import type { MemoryStore } from '../leases/memory.store.ts';
import type { JobStore } from '../queue/job.store.ts';
import { Intake } from './intake.ts';
import { JobBook } from './job-book.ts';

const ORDER: SwitchOrder = { id: 'order-1', engine: 'comfyui', model: null, force: false };

let state: GpuState;
let kept: SwitchOrder | null;
let intake: Intake;

beforeEach(async () => {
  state = startedState(LLAMA);
  kept = null;
  const memory: Pick<MemoryStore, 'keepOrder'> = {
    keepOrder: (_epoch, order) => {
      kept = order;
      return Promise.resolve();
    },
  };
  intake = new Intake({
    epoch: 1,
    jobs: {} as JobStore,
    leases: {} as LeaseStore,
    memory: memory as MemoryStore,
    book: new JobBook(),
    log: {} as Log,
    state: () => state,
    take: (fact) => {
      const effects = apply(state, fact, 1);
      if (effects.some((effect) => effect.do === 'orderDone')) kept = null;
    },
    refuse: () => undefined,
  });
  await intake.open();
});

/** The GPU is where the order wants it. */
function carryOut(): void {
  const swapId = state.swap?.id ?? 'none';
  apply(state, { is: 'swapEnded', result: { swapId, isDone: true, tookMs: 1 } }, 2);
  expect(state.order).toBeNull();
  kept = null;
}

test('a switch by hand is kept before it is taken in, so that the next leader knows of it', async () => {
  await expect(intake.order(ORDER)).resolves.toBe('accepted');
  expect(kept).toEqual(ORDER);
  expect(state.swap?.to?.key).toBe('comfyui');
});

test('one that is told again after it was carried out is not kept again for the next leader', async () => {
  await intake.heed({ type: 'order', order: ORDER });
  carryOut();
  await intake.heed({ type: 'order', order: ORDER });
  expect(kept).toBeNull();
  apply(state, { is: 'ordered', order: { id: 'order-2', to: LLAMA, force: true } }, 3);
  apply(state, { is: 'swapEnded', result: { swapId: state.swap?.id ?? '', isDone: true, tookMs: 1 } }, 4);
  expect(state.visit?.lane.key).toBe(LLAMA.key);
  await expect(intake.order({ ...ORDER, id: 'order-2' })).resolves.toBe('accepted');
  expect(kept).toBeNull();
});
