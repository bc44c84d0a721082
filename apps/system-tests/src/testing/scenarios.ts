import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { Stack } from './stack.ts';
import type { StackOptions } from './stack.ts';

const START_LIMIT_MS = 120_000;
const SCENARIO_LIMIT_MS = 60_000;

/** Speeds as they are between two scenarios, whatever the last one did. */
const OLLAMA_PACE = { tokensPerSecond: 40, minReplyTokens: 0 };
const COMFYUI_PACE = { stepMs: 120 };

export interface Scenarios {
  readonly stack: Stack;
  /** A test over the stack. When it fails, the stack's log is printed. */
  scenario(guarantee: string, run: (stack: Stack) => Promise<void>, limitMs?: number): void;
}

/**
 * One stack for the tests of a file. It must end without a trace, and no two engines may ever have been loaded at once.
 *
 * @param options a function where they are known only when something else has started
 */
export function scenarios(options: StackOptions | (() => Promise<StackOptions>) = {}): Scenarios {
  let started: Stack | null = null;
  const stack = (): Stack => {
    if (started === null) throw new Error('The stack has not started.');
    return started;
  };
  beforeAll(async () => {
    started = await Stack.start(typeof options === 'function' ? await options() : options);
  }, START_LIMIT_MS);
  afterEach(async () => {
    if (started === null) return;
    await (await started.engine('ollama')).set({ settings: OLLAMA_PACE });
    await (await started.engine('comfyui')).set({ settings: COMFYUI_PACE });
  });
  afterAll(async () => {
    if (started === null) return;
    try {
      await started.stop();
    } finally {
      started.removeData();
    }
  }, START_LIMIT_MS);
  return {
    get stack() {
      return stack();
    },
    scenario(guarantee, run, limitMs = SCENARIO_LIMIT_MS) {
      test(
        guarantee,
        async () => {
          const from = Date.now();
          try {
            await run(stack());
            expect((await stack().card.card()).overlaps).toEqual([]);
          } catch (error) {
            printLog(guarantee, stack(), from);
            throw error;
          }
        },
        limitMs,
      );
    },
  };
}

/** Replies of at least so many tokens, at a pace at which they last; `hurry` lets them come to their end. */
export async function slowReplies(stack: Stack): Promise<void> {
  const ollama = await stack.engine('ollama');
  await ollama.set({ settings: { tokensPerSecond: 5, minReplyTokens: 600 } });
}

/** Replies that are still being written when a browser on a slow machine has been opened; `hurry` ends them. */
export async function lastingReplies(stack: Stack): Promise<void> {
  await (await stack.engine('ollama')).set({ settings: { tokensPerSecond: 2, minReplyTokens: 2_000 } });
}

/** Steps of a third of a second: a step costs by the megapixel, and the pictures of the tests are small. */
export async function slowRenders(stack: Stack): Promise<void> {
  await (await stack.engine('comfyui')).set({ settings: { stepMs: 54_000 } });
}

export async function hurry(stack: Stack): Promise<void> {
  await (await stack.engine('ollama')).set({ settings: { tokensPerSecond: 100_000 } });
  await (await stack.engine('comfyui')).set({ settings: { stepMs: 20 } });
}

/** Resolves when neither engine computes. */
export async function untilCardRests(stack: Stack): Promise<void> {
  await eventually(async () => (await stack.card.card()).gpuUtil === 0, { timeoutMs: 10_000 });
}

function printLog(guarantee: string, { launcher }: Stack, from: number): void {
  const at = new Date(from).toTimeString().slice(0, 8);
  const lines = launcher.lines.filter((line) => !/^\d\d:\d\d:\d\d/.test(line) || line.slice(0, 8) >= at);
  process.stderr.write(`\n--- log of the stack during "${guarantee}"\n${lines.join('\n')}\n---\n`);
}
