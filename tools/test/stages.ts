import { tallyOf } from './tally.ts';
import type { Result, Tally } from './tally.ts';

/** Takes what a runner says, in the order in which it says it. */
export type Listener = (text: string | Uint8Array) => void;

export interface Runner {
  readonly name: string;
  /** With a listener nothing goes to the terminal but through it. */
  readonly run: (listener?: Listener) => Promise<Tally>;
}

/** Runners in order, one after the other. */
export type Lane = readonly Runner[];

/**
 * Lanes that run beside each other. With one lane alone its words are seen as they come; of several, each runner's come
 * together when it has ended, so that they stay readable.
 */
export type Stage = readonly Lane[];

export interface Watching {
  readonly say: (text: string) => void;
  readonly write: Listener;
  readonly isInterrupted: () => boolean;
}

/** Resolves with what the runners found, lane by lane; the ones not begun before an interruption are missing. */
export async function runStage(lanes: Stage, watching: Watching): Promise<Result[]> {
  const isAlone = lanes.length === 1;
  const results = await Promise.all(lanes.map((lane) => runLane(lane, isAlone, watching)));
  return results.flat();
}

async function runLane(lane: Lane, isAlone: boolean, watching: Watching): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, run } of lane) {
    if (watching.isInterrupted()) break;
    const said: (string | Uint8Array)[] = [];
    if (isAlone) watching.say(name);
    const startedAt = performance.now();
    const tally = await (isAlone ? run() : run((text) => said.push(text)).catch(failed(said)));
    results.push({ name, ms: performance.now() - startedAt, ...tally });
    if (isAlone) continue;
    watching.say(name);
    for (const text of said) watching.write(text);
  }
  return results;
}

/** What cannot even start must not hide what the lanes beside it found. */
function failed(said: (string | Uint8Array)[]): (error: unknown) => Tally {
  return (error) => {
    said.push(`${String(error)}\n`);
    return tallyOf(false);
  };
}
