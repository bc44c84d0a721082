import type { WaitReason } from '@baton/contracts';
import type { TFunction } from 'i18next';
import { formatBand } from '../ui/duration.ts';
import { ENGINE_NAMES } from './baton-place.ts';

/** Why it waits, in a sentence. Without a reason that this page knows, what is true of everything that waits. */
export function sayReason(reason: WaitReason | null, t: TFunction): string {
  if (reason === null) return t('reply.reason.none_told');
  if (reason.code !== 'other_engine_busy') return t(`reply.reason.${reason.code}`);
  return reason.holder === null
    ? t('reply.reason.other_engine_busy_unknown')
    : t('reply.reason.other_engine_busy', { holder: ENGINE_NAMES[reason.holder.engine] });
}

/** How long the wait will be, as a band; null when there is no estimate. */
export function sayEta(
  { p50Ms, p90Ms }: { readonly p50Ms: number | null; readonly p90Ms: number | null },
  language: string,
  t: TFunction,
): string | null {
  const band = formatBand(p50Ms, p90Ms, language);
  if (band === null) return null;
  const { likely, latest } = band;
  return latest === null ? t('reply.eta', { likely }) : t('reply.eta_band', { likely, latest });
}
