import { writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { LocalTroubleError, readFacts } from './llama-library.ts';
import { LoadedLlama, QuestionError } from './loaded-llama.ts';
import { order, type LocalQuestion, type Order, type Report } from './local-wire.ts';

/**
 * The process with the CPU engine: started by chat-service, ended by it, and gone when it is gone. A crash of native code or
 * the end of memory takes nothing else along.
 */

/** While it computes, whoever waits for the page goes first; while it starts, somebody waits for it. */
const NICENESS = 5;
/** The kernel's choice when memory runs out: this process rather than any other of Baton. */
const OOM_SCORE = '800';

const underWay = new Map<number, AbortController>();
let loaded: LoadedLlama | null = null;

function tell(report: Report): void {
  // A parent that has gone cannot be told; `disconnect` ends us.
  process.send?.(report, () => undefined);
}

function standBack(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // As before, then.
  }
}

async function carryOut(taken: Order): Promise<void> {
  switch (taken.type) {
    case 'probe':
      tell({ type: 'probed', facts: await readFacts(taken.modelPath) });
      return;
    case 'load': {
      const startedAt = performance.now();
      loaded = await LoadedLlama.load(taken.settings);
      standBack();
      const bytes = process.memoryUsage.rss();
      tell({ type: 'loaded', ms: Math.round(performance.now() - startedAt), bytes });
      return;
    }
    case 'ask':
      await answer(taken.askId, taken.question);
      return;
    case 'stop':
      underWay.get(taken.askId)?.abort();
  }
}

async function answer(askId: number, question: LocalQuestion): Promise<void> {
  const stop = new AbortController();
  underWay.set(askId, stop);
  try {
    if (loaded === null) throw new QuestionError('failed', new Error('nothing is loaded'));
    const sink = {
      text: (text: string): void => tell({ type: 'text', askId, text }),
      thinking: (text: string): void => tell({ type: 'thinking', askId, text }),
    };
    const { reason, usage } = await loaded.answer(question, sink, stop.signal);
    tell({ type: 'end', askId, reason, usage });
  } catch (error) {
    if (stop.signal.aborted) tell({ type: 'stopped', askId });
    else {
      const reason = error instanceof QuestionError ? error.reason : 'failed';
      tell({ type: 'failed', askId, reason, cause: String(error) });
    }
  } finally {
    underWay.delete(askId);
  }
}

// Not `exit`: native threads that are in the middle of a token would be waited for, or crash on what is torn down.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// A Ctrl-C in the terminal reaches the whole group: chat-service says when it is over.
process.on('SIGINT', () => undefined);
process.on('message', (message: unknown) => {
  carryOut(order.parse(message)).catch((error: unknown) => {
    const trouble = error instanceof LocalTroubleError ? error.trouble : 'failed';
    tell({ type: 'trouble', trouble, cause: String(error) });
  });
});
// Only Linux has it, and nothing depends on it.
await writeFile('/proc/self/oom_score_adj', OOM_SCORE).catch(() => undefined);
