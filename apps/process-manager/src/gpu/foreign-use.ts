import type { Stowaway } from '@baton/contracts';
import type { CardProbe } from './card-probe.ts';

/** Which of these processes are none of our engines'; null where that cannot be told. */
export type TellStrangers = (pids: readonly number[]) => Promise<ReadonlySet<number> | null>;

export interface ForeignUse {
  readonly stowaways: readonly Stowaway[];
  /** Their memory together; null when the driver keeps a figure to itself. */
  readonly mib: number | null;
}

/** Who else uses the card. Null where driver or process table do not tell. */
export async function readForeignUse(
  probe: CardProbe,
  tellStrangers: TellStrangers,
): Promise<ForeignUse | null> {
  const listed = await probe.processes();
  if (listed === null) return null;
  const strangers = await tellStrangers(listed.map(({ pid }) => pid));
  if (strangers === null) return null;
  const foreign = listed.filter(({ pid }) => strangers.has(pid));
  const isComplete = foreign.every(({ usedMib }) => usedMib !== null);
  return {
    stowaways: foreign
      .map(({ pid, name, usedMib }) => ({ pid, name, used_mib: usedMib ?? 0 }))
      .sort((a, b) => b.used_mib - a.used_mib || a.pid - b.pid),
    mib: isComplete ? foreign.reduce((sum, { usedMib }) => sum + (usedMib ?? 0), 0) : null,
  };
}

/** True when other programs came or went; their memory alone may move. */
export function isSameCompany(a: readonly Stowaway[], b: readonly Stowaway[]): boolean {
  return a.length === b.length && a.every(({ pid }) => b.some((other) => other.pid === pid));
}
