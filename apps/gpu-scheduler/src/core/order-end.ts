import type { Effect, GpuState } from './state.ts';

/** The end of a switch by hand, whatever it came to; nothing when there is none. */
export function endOrder(
  state: GpuState,
  outcome: 'done' | 'failed' | 'superseded',
  code: string | null,
): Effect[] {
  const { order } = state;
  if (order === null) return [];
  state.order = null;
  return [{ do: 'orderDone', orderId: order.id, outcome, code }];
}

/** The order is carried out when its lane has the GPU, however that came about. */
export function settleOrder(state: GpuState): Effect[] {
  const { order, visit, swap } = state;
  if (order === null || swap !== null || visit?.lane.key !== order.to.key) return [];
  return endOrder(state, 'done', null);
}

/** Until when an order waits for a node that is away; infinite without one. */
export function orderPatienceEndMs(state: GpuState): number {
  if (state.order === null) return Number.POSITIVE_INFINITY;
  return Math.max(state.order.placedAtMs, state.node.sinceMs) + state.settings.awayPatienceMs;
}
