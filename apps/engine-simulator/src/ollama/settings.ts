import { z } from 'zod';
import { fault } from '../control/faults.ts';

/** Speeds and sizes of the simulated Ollama. Times are simulated milliseconds: `speed` divides them. */
export const ollamaSettings = z.object({
  tokensPerSecond: z.number().positive().max(1_000_000),
  promptTokensPerSecond: z.number().positive().max(10_000_000),
  /** Weights reach the card at this pace; 13 GB at 8192 MiB/s are 1.5 s. */
  loadMibPerSecond: z.number().positive().max(10_000_000),
  /** What a load costs besides: starting the child, warming up. */
  loadBaseMs: z.number().nonnegative().max(600_000),
  /** Pace of a pull. */
  pullMibPerSecond: z.number().positive().max(10_000_000),
  /** The driver context of each `llama-server`. */
  contextMib: z.number().nonnegative().max(4_096),
  /** The helper that reads free memory opens a context of its own for this long. */
  probeContextMib: z.number().nonnegative().max(4_096),
  probeMs: z.number().nonnegative().max(10_000),
  /** Prose is continued until it has at least this many tokens. */
  minReplyTokens: z.int().nonnegative().max(100_000),
  /** Version to report; shapes of answers follow it where they changed. */
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
});

export type OllamaSettings = z.infer<typeof ollamaSettings>;

export function defaultSettings(): OllamaSettings {
  return {
    tokensPerSecond: 40,
    promptTokensPerSecond: 2_000,
    loadMibPerSecond: 8_192,
    loadBaseMs: 150,
    pullMibPerSecond: 1_024,
    contextMib: 300,
    probeContextMib: 100,
    probeMs: 60,
    minReplyTokens: 0,
    version: '0.33.0',
  };
}

/** True when the emulated version is at least this one. */
export function isAtLeast(settings: OllamaSettings, version: `${number}.${number}.${number}`): boolean {
  const [have, want] = [settings.version, version].map((text) => text.split('.').map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (have?.[index] ?? 0) - (want?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

const afterLines = z.int().positive().default(5);
const afterTokens = z.int().nonnegative().default(5);

/** What can go wrong with Ollama, in one place. Absent parameters take the default shown here. */
export const OLLAMA_FAULTS = {
  unloadIgnored: fault('an unload is answered as usual, and nothing is unloaded', {}),
  unloadHangs: fault(
    'an unload stays in "Stopping" until the fault is switched off or the child is killed',
    {},
  ),
  loadOom: fault('the child runs out of memory while it loads', {}),
  loadCrash: fault('the program dies, as of SIGKILL, after this share of a load', {
    share: z.number().min(0).max(1).default(0.5),
  }),
  slowStart: fault('the port opens only after this long', { ms: z.number().nonnegative().default(5_000) }),
  deafToSigterm: fault('SIGTERM and SIGINT are ignored: only SIGKILL ends the program', {}),
  slowLoad: fault('a load takes this many times as long', { factor: z.number().positive().default(10) }),
  runtimeOom: fault('memory runs out after some tokens; every loaded model is expired', { afterTokens }),
  midStreamError: fault('after some tokens the stream ends with an error line under HTTP 200', {
    afterTokens,
    message: z.string().default('an error was encountered while running the model: unexpected EOF'),
  }),
  endsWithoutDone: fault('after some tokens the stream ends without its final object', { afterTokens }),
  stuckBeforeFirstByte: fault('a request on a loaded model never gets its headers', {}),
  runnerCrash: fault('the child of the model dies after some tokens', { afterTokens }),
  queueFull: fault('a request that needs a load is refused as if the queue were full', {}),
  hang: fault('connections are accepted and requests are not answered, as during start-up', {
    ms: z.number().positive().optional(),
  }),
  partialOffload: fault('only this share of a model goes to the card, the rest to the CPU', {
    share: z.number().min(0).max(1).default(0.5),
  }),
  orphan: fault(
    'models load in a child process of their own, which outlives a SIGKILL and keeps its memory',
    {},
  ),
  slowPull: fault('the next layers that a pull fetches take this many times as long', {
    factor: z.number().positive().default(10),
  }),
  pullFails: fault('after some lines of progress a pull ends with an error line under HTTP 200', {
    afterLines,
    message: z.string().default('max retries exceeded: unexpected EOF'),
  }),
  pullCut: fault('after some lines of progress the connection of a pull is cut', { afterLines }),
  psBlocks: fault('/api/ps answers only after this long', { ms: z.number().nonnegative().default(5_000) }),
};
