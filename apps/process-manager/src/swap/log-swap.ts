import type { SwapEnd } from '@baton/contracts';
import type { Log } from '@baton/platform';
import type { SwapDeeds } from './swap-run.ts';

/** One wide line for one hand-over, with every step's time and everything that was done to an engine. */
export function logSwap(log: Log, end: SwapEnd, deeds: SwapDeeds, error: unknown): void {
  const { record, swapId, fence, outcome } = end;
  const { beforeMib, freedMib, placement, escalations } = deeds;
  const fields = {
    swapId,
    fence,
    from: record.from?.engine ?? null,
    to: record.to?.engine ?? null,
    model: record.to?.model ?? null,
    outcome,
    ms: record.total_ms,
    ...Object.fromEntries(record.phases.map(({ phase, ms }) => [`${phase}Ms`, ms])),
    beforeMib,
    freedMib,
    loaded: placement,
    kept: record.kept,
    stopped: record.stopped,
    ...(escalations.length === 0
      ? {}
      : {
          escalated: escalations.map(({ engine, step, why, ms }) => `${engine}: ${step}, ${why}, ${ms} ms`),
        }),
  };
  if (outcome === 'failed') log.error('gpu.swap', error, fields);
  else log.event('gpu.swap', fields);
}
