import type { GrantReason, LeaseHistory, SwapCause, SwapRecord, VisitRecord } from '@baton/contracts';
import type { TFunction } from 'i18next';
import { formatGib } from '../ui/bytes.ts';

/** A visit kept in parts has one fence for all of them. */
export function visitKey({ fence, part, opened_at_ms: openedAtMs }: VisitRecord): string {
  return `${fence}-${part ?? 0}-${openedAtMs}`;
}

/** Why the GPU went there, in words. */
export function sayCause({ cause, part }: Pick<VisitRecord, 'cause' | 'part'>, t: TFunction): string {
  if (cause !== null) return t(`gpu_screen.cause.${cause satisfies SwapCause}`);
  return part !== undefined && part > 1 ? t('gpu_screen.cause_part', { part }) : t('gpu_screen.cause_found');
}

export function sayGrant(reason: GrantReason, t: TFunction): string {
  return t(`gpu_screen.grant.${reason}`);
}

/** Memory in use before and after freeing; null where the driver did not tell. */
export function sayMemory(swap: SwapRecord | null, language: string, t: TFunction): string | null {
  if (swap?.before_mib === undefined || swap.freed_mib === undefined) return null;
  return t('gpu_screen.memory_change', {
    before: formatGib(swap.before_mib, language),
    after: formatGib(swap.freed_mib, language),
  });
}

/** Times of a lease, ms; `heldMs` up to now while it is held. Clocks of two processes took them, so never below zero. */
export function leaseTimes(lease: LeaseHistory, nowMs: number): { waitedMs: number; heldMs: number } {
  return {
    waitedMs: Math.max(0, lease.granted_at_ms - lease.submitted_at_ms),
    heldMs: Math.max(0, (lease.ended_at_ms ?? nowMs) - lease.granted_at_ms),
  };
}

/** How the requests of a visit ended, in the order of the outcomes; `held` have not ended. */
export function countOutcomes(leases: readonly LeaseHistory[]) {
  const count = (outcome: LeaseHistory['outcome']): number =>
    leases.filter((lease) => lease.outcome === outcome).length;
  return {
    completed: count('completed'),
    failed: count('failed'),
    cancelled: count('cancelled'),
    held: leases.filter((lease) => lease.ended_at_ms === null).length,
  };
}
