const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** Deaths within this time belong to one spell of trouble. */
const SPELL_MS = 120_000;
/** By then the delays have given a lost Redis or a busy port half a minute to recover. */
const DEATHS_PER_SPELL = 6;

export type AfterDeath =
  { readonly do: 'restart'; readonly delayMs: number } | { readonly do: 'give-up'; readonly deaths: number };

/**
 * What to do about a process that ended by itself, given the times of all its deaths, this one last:
 *   1. too many within one spell: give up;
 *   2. otherwise start it again, after a delay that doubles with each death of the spell.
 */
export function afterDeath(deathsAtMs: readonly number[]): AfterDeath {
  const latest = deathsAtMs.at(-1) ?? 0;
  const recent = deathsAtMs.filter((atMs) => atMs > latest - SPELL_MS).length;
  if (recent >= DEATHS_PER_SPELL) return { do: 'give-up', deaths: recent };
  return { do: 'restart', delayMs: Math.min(FIRST_DELAY_MS * 2 ** (recent - 1), LONGEST_DELAY_MS) };
}
