import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

export interface ProgramEnd {
  /** Null when a signal ended it, ours after the limit among them. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramLimits {
  readonly environment: Readonly<Record<string, string>>;
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** Output beyond this is not kept: no program that is run here says more. */
const OUTPUT_KEPT = 64 * 1_024;
/** A program may leave a service behind that keeps its output open; what it said itself has come by then. */
const LAST_WORDS_MS = 500;

/**
 * Runs a short program to its end, without a shell. @throws the cause when there is no such program, the signal's reason
 * when it aborts; however it ends, the program is gone by then
 */
export type RunProgram = (command: readonly string[], limits: ProgramLimits) => Promise<ProgramEnd>;

export const runProgram: RunProgram = async ([program = '', ...args], { environment, limitMs, signal }) => {
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = [child.stdout, child.stderr].map((stream) => {
    const kept = { text: '' };
    stream.setEncoding('utf8').on('data', (piece: string) => {
      if (kept.text.length < OUTPUT_KEPT) kept.text += piece;
    });
    return kept;
  });
  const abort = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', abort, { once: true });
  const late = setTimeout(abort, limitMs);
  try {
    const closed = once(child, 'close').catch(() => undefined);
    const [code] = (await once(child, 'exit')) as [number | null];
    const heard = new AbortController();
    await Promise.race([
      closed,
      pause(LAST_WORDS_MS, undefined, { signal: heard.signal }).catch(() => undefined),
    ]);
    heard.abort();
    signal?.throwIfAborted();
    return { code, stdout: texts[0]?.text ?? '', stderr: texts[1]?.text ?? '' };
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', abort);
    child.stdout.destroy();
    child.stderr.destroy();
  }
};
