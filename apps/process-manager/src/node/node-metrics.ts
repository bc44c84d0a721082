import type { SwapEnd } from '@baton/contracts';
import type { SwapDeeds } from '../swap/swap-run.ts';
import type { Metrics } from '@baton/platform';
import type { CardService } from '../gpu/card.service.ts';
import type { NodeEngine } from './node-engine.ts';

export interface NodeMetrics {
  swapEnded(end: SwapEnd, deeds: SwapDeeds): void;
}

const MIB = 1_048_576;

export function createNodeMetrics(
  metrics: Metrics,
  card: CardService,
  engines: readonly NodeEngine[],
): NodeMetrics {
  const swaps = metrics.counter({
    name: 'baton_swaps_total',
    help: 'Hand-overs of the GPU',
    labelNames: ['to', 'outcome'],
  });
  const phases = metrics.histogram({
    name: 'baton_swap_phase_seconds',
    help: 'Time of each step of a hand-over',
    labelNames: ['to', 'phase'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  });
  metrics.gauge({
    name: 'baton_card_memory_bytes',
    help: 'Memory of the card, by the word of its driver',
    labelNames: ['kind'],
    collect() {
      const { view } = card;
      this.reset();
      if (view === null) return;
      this.set({ kind: 'total' }, view.total_mib * MIB);
      this.set({ kind: 'used' }, view.used_mib * MIB);
      this.set({ kind: 'free' }, Math.max(0, view.total_mib - view.used_mib) * MIB);
      if (view.foreign_mib !== null) this.set({ kind: 'foreign' }, view.foreign_mib * MIB);
    },
  });
  metrics.gauge({
    name: 'baton_stowaways',
    help: 'Programs that use the card and are none of our engines',
    collect() {
      this.set(card.stowaways.length);
    },
  });
  const escalations = metrics.counter({
    name: 'baton_swap_escalations_total',
    help: 'Engines that would not give the card back when they were asked, by what was done then',
    labelNames: ['engine', 'step'],
  });
  const kept = metrics.counter({
    name: 'baton_swaps_shared_total',
    help: 'Hand-overs in which an engine kept its memory, because both fit',
    labelNames: ['to'],
  });
  metrics.gauge({
    name: 'baton_engine_restarts',
    help: 'Restarts of an engine after it ended by itself, since this process began',
    labelNames: ['engine'],
    collect() {
      for (const { name, managed } of engines) this.set({ engine: name }, managed.restarts);
    },
  });
  return {
    swapEnded: ({ outcome, record }, deeds) => {
      const to = record.to?.engine ?? 'none';
      for (const { engine, step } of deeds.escalations) escalations.inc({ engine, step });
      if (deeds.beside.length > 0) kept.inc({ to });
      swaps.inc({ to, outcome });
      for (const { phase, ms } of record.phases) phases.observe({ to, phase }, ms / 1_000);
    },
  };
}
