import type { Log } from '@baton/platform';
import type { ProcessManagerConfig } from '../config.ts';
import type { CardService } from '../gpu/card.service.ts';
import type { SwapService } from '../swap/swap.service.ts';

export interface CardWatchParts {
  readonly card: CardService;
  readonly swaps: SwapService;
  readonly log: Log;
  readonly config: Pick<ProcessManagerConfig, 'card'>;
}

/** Tells, on change only, of other programs on the card and of memory in use while nobody has the GPU. */
export function watchCard({ card, swaps, log, config }: CardWatchParts): void {
  const { thresholdPercent } = config.card;
  card.onStowaways((stowaways) => {
    const programs = stowaways.map(({ pid, name, used_mib }) => `${name} (${pid}): ${used_mib} MiB`);
    if (programs.length === 0) log.event('card.stowaways_gone', {});
    else log.warn('card.stowaways', { programs });
  });
  let isWarned = false;
  card.onLook((view) => {
    swaps.onCardLook(view);
    const isIdle = swaps.owner === null && swaps.swap === null;
    const isFull = view.used_mib * 100 > view.total_mib * thresholdPercent;
    if (isIdle && isFull && !isWarned) {
      log.warn('card.full', { usedMib: view.used_mib, totalMib: view.total_mib, thresholdPercent });
    }
    // While somebody has the GPU a full card is as it should be, and no news when it is idle again.
    isWarned = isIdle && isFull;
  });
}
