import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@baton/testing';
import type { EngineName } from '@baton/contracts';
import { z } from 'zod';
import type { Person } from '../testing/person.ts';
import { isArmedFault } from './cells.ts';
import type { Cell, FaultName, JobState } from './cells.ts';
import { arm, disarm, strike } from './faults.ts';
import { seeded } from './random.ts';
import type { Chance } from './random.ts';
import type { RunResult } from './result.ts';
import type { Stage } from './stage.ts';
import { endingOf, send } from './work.ts';
import type { Ending, Piece } from './work.ts';

/** A state that has not come by then does not come in this run. */
const REACH_TIMEOUT_MS = 8_000;
/** A drain comes after a render that would not stop. */
const DRAIN_TIMEOUT_MS = 15_000;
const JITTER_MS = 12;
/** From the grant; the engines of the stage take longer to their first output. */
const BEFORE_OUTPUT_MS = { from: 15, to: 90 } as const;
const WORK = {
  short: ['reply', 'render', 'reply'],
  long: ['reply', 'render', 'reply', 'render', 'reply'],
} as const;
const USABLE_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 40_000;

export interface RunOptions {
  readonly stage: Stage;
  readonly cell: Cell;
  readonly seed: number;
  /** Short: less work, and no pause as long as a lease. */
  readonly pace: 'short' | 'long';
}

/** Lets people work, breaks something at the state of the cell, waits for every message's end, and judges. */
export async function runCell({ stage, cell, seed, pace }: RunOptions): Promise<RunResult> {
  const chance = seeded(seed);
  const engine = engineFor(cell.fault, chance);
  await stage.settle();
  const people = await stage.people();
  const overlapsBefore = (await stage.card.card()).overlapCount;
  const cleanUps: (() => unknown)[] = [];
  try {
    await arm(cell.fault, stage);
    const pieces = await sendWork(people, WORK[pace], chance);
    await prepare(cell.state, stage, { pieces, cleanUps });
    const reached = await reach(cell, engine, { stage, pieces, chance });
    const what = reached
      ? await strike(cell.fault, {
          stage,
          chance,
          pace,
          stopARender: () => stopARender(pieces),
          afterwards: (act) => cleanUps.push(act),
        })
      : '';
    const recoveryMs = await untilUsable(people);
    const endings = await Promise.all(pieces.map(endingOf));
    const finished = await finishedWork(stage);
    const after = await stage.card.card();
    return {
      ...{ cell, seed, reached, what, recoveryMs },
      overlaps: after.overlapCount - overlapsBefore,
      lost: endings.flatMap((ending) => complaintsAbout(ending, finished)),
      doubles: endings.flatMap((ending) => {
        const times = timesMade(ending, finished);
        return times > 1 ? [`${ending.piece.kind}: made ${times} times`] : [];
      }),
      endings: tallyOf(endings),
    };
  } finally {
    for (const act of cleanUps) await act();
    await disarm(cell.fault, stage);
  }
}

function engineFor(fault: FaultName, chance: Chance): EngineName {
  if (fault.endsWith('comfyui') || fault.startsWith('comfyui')) return 'comfyui';
  if (fault.endsWith('ollama') || fault.startsWith('ollama') || fault.endsWith('chat-service'))
    return 'ollama';
  return chance.pick(['ollama', 'comfyui']);
}

/** Chats and pictures of several people, so that the GPU changes hands while others wait. */
async function sendWork(
  people: readonly Person[],
  kinds: readonly Piece['kind'][],
  chance: Chance,
): Promise<Piece[]> {
  return Promise.all(
    chance.shuffled(kinds).map((kind, at) => {
      const person = people[at % people.length];
      if (person === undefined) throw new Error('nobody is there');
      const what = kind === 'reply' ? 'What is a fence for, in case' : 'A fence in the rain, number';
      return send(kind, person, `${what} ${randomUUID()}?`);
    }),
  );
}

/** Some states come only when something else has gone wrong before. */
async function prepare(
  state: JobState,
  stage: Stage,
  { pieces, cleanUps }: { pieces: readonly Piece[]; cleanUps: (() => unknown)[] },
): Promise<void> {
  if (state === 'swap-start') {
    // The first hand-over is from Ollama: the engine that comes next is gone when its turn to start is there.
    void stage.moments.next('swap-free', 'comfyui', REACH_TIMEOUT_MS).then(async (isThere) => {
      if (isThere) stage.kill('comfyui', await stage.pidOf('comfyui'));
    });
  } else if (state === 'swap-drain') {
    // A render that goes on although it was stopped: what follows has to wait for it, or to end its engine.
    await stage.setEngine('comfyui', { faults: { interruptIgnored: true }, settings: { stepMs: 20_000 } });
    cleanUps.push(() => stage.setEngine('comfyui', { faults: { interruptIgnored: false } }));
    void stopARender(pieces).catch(() => undefined);
  }
}

async function reach(
  { fault, state }: Cell,
  engine: EngineName,
  { stage, pieces, chance }: { stage: Stage; pieces: readonly Piece[]; chance: Chance },
): Promise<boolean> {
  if (fault === 'none' || isArmedFault(fault) || state === 'waiting') return true;
  if (state === 'after-output') return sawOutput(pieces, engine);
  const moment = state === 'before-output' ? 'granted' : state;
  const timeoutMs = state === 'swap-drain' ? DRAIN_TIMEOUT_MS : REACH_TIMEOUT_MS;
  const reached = await stage.moments.next(moment, engine, timeoutMs);
  const { from, to } = BEFORE_OUTPUT_MS;
  await pause(state === 'before-output' ? chance.between(from, to) : chance.between(0, JITTER_MS));
  return reached;
}

/** The first text, or the first step, that anybody gets. */
function sawOutput(pieces: readonly Piece[], engine: EngineName): Promise<boolean> {
  const [kind, type] = engine === 'ollama' ? ['reply', 'text'] : ['render', 'progress'];
  const looks = pieces.flatMap((piece) =>
    piece.kind === kind && piece.follower !== null
      ? [piece.follower.until((event) => event.type === type, REACH_TIMEOUT_MS)]
      : [],
  );
  return Promise.any(looks).then(
    () => true,
    () => false,
  );
}

async function stopARender(pieces: readonly Piece[]): Promise<string> {
  const renders = pieces.filter(({ kind, follower }) => kind === 'render' && follower !== null);
  const running = await Promise.any(
    renders.map(async (piece) => {
      await piece.follower?.until(({ type }) => type === 'progress', REACH_TIMEOUT_MS);
      return piece;
    }),
  );
  await running.person.stop(running.replyId ?? 0);
  return 'stopped a render';
}

/** Asks until somebody answers. Resolves with how long that took; null when the time is over. */
async function untilUsable(people: readonly Person[]): Promise<number | null> {
  const person = people.at(-1);
  if (person === undefined) return null;
  const startedAt = performance.now();
  const isAnswered = await eventually(
    async () => {
      const chatId = await person.newChat('Is it well again?');
      const { reply } = await person.say(chatId, `Are you there, ${randomUUID()}?`);
      const follower = person.follow(reply.id);
      try {
        return (await follower.ended(PROBE_TIMEOUT_MS)).state === 'done';
      } finally {
        // One that nobody waits for any more would go on asking, and keep the process.
        await follower.leave();
      }
    },
    { timeoutMs: USABLE_TIMEOUT_MS, everyMs: 50 },
  ).catch(() => false);
  return isAnswered ? Math.round(performance.now() - startedAt) : null;
}

const finishedList = z.object({ finished: z.array(z.object({ engine: z.string(), key: z.string() })) });
type FinishedList = z.infer<typeof finishedList>['finished'];

/** The simulated card has a list of everything that the engines brought to its end. */
async function finishedWork(stage: Stage): Promise<FinishedList> {
  return finishedList.parse(await stage.card.get('/finished')).finished;
}

function timesMade({ key }: Ending, finished: FinishedList): number {
  return finished.filter((one) => one.engine === key?.engine && one.key === key.key).length;
}

function complaintsAbout(ending: Ending, finished: FinishedList): string[] {
  const { piece, state, complaints } = ending;
  const isInvented = state === 'done' && timesMade(ending, finished) === 0;
  const all = isInvented ? [...complaints, 'it is done, and no engine ever finished it'] : complaints;
  return all.map((text) => `${piece.kind}: ${text}`);
}

function tallyOf(endings: readonly Ending[]): Record<string, number> {
  const tally: Record<string, number> = {};
  for (const { state, code } of endings) {
    const name = code === null ? state : `${state} ${code}`;
    tally[name] = (tally[name] ?? 0) + 1;
  }
  return tally;
}
