import { setTimeout as pause } from 'node:timers/promises';
import { drift, median } from './statistics.ts';

/** One way that is timed. */
export interface Target {
  readonly name: string;
  /** Resolves with milliseconds when everything that it started has come to its end. */
  measure(): Promise<number>;
}

export interface RoundsPlan {
  readonly rounds: number;
  /** How often each target is measured in a round. */
  readonly passes: number;
  /** Passes before the first round, which are forgotten. */
  readonly warmUpPasses: number;
  readonly random: () => number;
}

/** What one round measured: milliseconds by target. */
export type Round<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** What a request leaves to be done in the background is done before the next one is timed. */
const SETTLE_MS = 10;
/** A control that moved further between the halves of a run says that the machine was not the same machine. */
export const MAX_DRIFT = 0.3;

/**
 * Times the targets one call at a time. Each pass has every target once, in a fresh random order, so that whatever
 * disturbs the machine meets all of them alike.
 */
export async function measureRounds<Name extends string>(
  targets: readonly (Target & { readonly name: Name })[],
  { rounds, passes, warmUpPasses, random }: RoundsPlan,
): Promise<Round<Name>[]> {
  await runPasses(targets, warmUpPasses, random);
  const measured: Round<Name>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push(await runPasses(targets, passes, random));
  }
  return measured;
}

/** Why the run does not count, or null: the controls must have been the same in both halves. */
export function whyVoid<Name extends string>(
  rounds: readonly Round<Name>[],
  controls: readonly Name[],
): string | null {
  for (const control of controls) {
    const moved = drift(rounds.map((round) => median(round[control])));
    if (moved > MAX_DRIFT) {
      return `VOID: "${control}" moved by ${Math.round(moved * 100)} % between the halves of the run; measure again.`;
    }
  }
  return null;
}

async function runPasses<Name extends string>(
  targets: readonly (Target & { readonly name: Name })[],
  passes: number,
  random: () => number,
): Promise<Round<Name>> {
  const times = Object.fromEntries(targets.map(({ name }) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  for (let pass = 0; pass < passes; pass += 1) {
    for (const target of shuffled(targets, random)) {
      times[target.name].push(await target.measure());
      await pause(SETTLE_MS);
    }
  }
  return times;
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
