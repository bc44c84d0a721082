/** Somebody who takes part: what he costs. Of two with the same `memory` only one can be loaded, unless the model is the same. */
export interface Speaker {
  readonly model: string;
  /** What the model is loaded into: a GPU. Models in different memories do not push each other out. */
  readonly memory: string;
}

export interface TurnOrderWish {
  readonly speakers: readonly Speaker[];
  readonly turns: number;
  readonly order: 'fewest_changes' | 'in_turn';
  /** Which model is in which memory at the beginning, where that is known. */
  readonly loaded: ReadonlyMap<string, string>;
}

/**
 * Who speaks when, as places in `speakers`. In each round everybody speaks once, so that nobody is ever more than one
 * turn ahead. `fewest_changes` takes the cheapest of three orders, the first of equals:
 *   1. one after the other as they were named;
 *   2. those of one model together, and every other round backwards: the model that ended a round begins the next;
 *   3. the same, beginning with a model that is loaded already.
 */
export function turnOrder({ speakers, turns, order, loaded }: TurnOrderWish): number[] {
  const inTurn = rounds(turns, () => speakers.map((_, place) => place));
  if (order === 'in_turn') return inTurn;
  const groups = byModel(speakers);
  const candidates = [
    inTurn,
    serpentine(groups, turns),
    serpentine(loadedFirst(groups, speakers, loaded), turns),
  ];
  const cost = (candidate: readonly number[]): number => changes(candidate, speakers, loaded);
  return candidates.reduce((best, next) => (cost(next) < cost(best) ? next : best));
}

/** How often a model has to make room for another one, the first loading included unless it is loaded already. */
export function changes(
  order: readonly number[],
  speakers: readonly Speaker[],
  loaded: ReadonlyMap<string, string> = new Map(),
): number {
  const inMemory = new Map(loaded);
  let count = 0;
  for (const place of order) {
    const speaker = speakers[place];
    if (speaker === undefined || inMemory.get(speaker.memory) === speaker.model) continue;
    inMemory.set(speaker.memory, speaker.model);
    count += 1;
  }
  return count;
}

/** Places of the speakers, those of one model together, in the order in which the models were named. */
function byModel(speakers: readonly Speaker[]): number[][] {
  const places = speakers.map((_, place) => place);
  const groups = Map.groupBy(places, (place) => `${speakers[place]?.memory} ${speakers[place]?.model}`);
  return [...groups.values()];
}

function loadedFirst(
  groups: readonly number[][],
  speakers: readonly Speaker[],
  loaded: ReadonlyMap<string, string>,
): number[][] {
  const isLoaded = ([place = 0]: readonly number[]): boolean => {
    const speaker = speakers[place];
    return speaker !== undefined && loaded.get(speaker.memory) === speaker.model;
  };
  return [...groups.filter(isLoaded), ...groups.filter((group) => !isLoaded(group))];
}

/** Within a group everybody keeps his place, so that of several nobody speaks twice in a row. */
function serpentine(groups: readonly number[][], turns: number): number[] {
  return rounds(turns, (round) => (round % 2 === 0 ? groups : groups.toReversed()).flat());
}

function rounds(turns: number, roundOf: (round: number) => readonly number[]): number[] {
  const order: number[] = [];
  for (let round = 0; order.length < turns; round += 1) order.push(...roundOf(round));
  return order.slice(0, turns);
}
