import { LOST, takeBack } from './facts.ts';
import { endOrder } from './order-end.ts';
import { decide } from './policy.ts';
import type { Effect, GpuState, Order } from './state.ts';

/**
 * Somebody wants the GPU switched by hand. Checked in this order:
 *   1. the same order again: an echo;
 *   2. an older order that is not carried out yet gives way to this one;
 *   3. with `force` every lease of another lane is taken back; the swap follows when the last door is shut;
 *   4. otherwise it waits its turn among the jobs.
 * `decide` ends it as soon as its lane has the GPU.
 */
export function onOrdered(state: GpuState, order: Order, nowMs: number): Effect[] {
  if (state.lastOrderId === order.id) return [];
  const effects = endOrder(state, 'superseded', null);
  state.lastOrderId = order.id;
  state.arrivals += 1;
  state.order = { ...order, seq: state.arrivals, placedAtMs: nowMs };
  if (order.force) {
    for (const running of state.running.values()) {
      if (running.job.lane.key === order.to.key) continue;
      effects.push(...takeBack(running, 'visit_over', LOST));
    }
  }
  return [...effects, ...decide(state, nowMs)];
}
