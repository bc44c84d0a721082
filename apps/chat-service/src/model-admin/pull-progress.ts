import { AppError } from '@baton/kernel';
import { z } from 'zod';

/** How far a download is. */
export interface PullProgress {
  readonly status: string;
  readonly completedBytes: number;
  readonly totalBytes: number;
}

const line = z.object({
  status: z.string().optional(),
  digest: z.string().optional(),
  total: z.number().nonnegative().optional(),
  completed: z.number().nonnegative().optional(),
  error: z.string().optional(),
});

/** The registry's word for a name that it does not know; everything else that goes wrong has many texts. */
const UNKNOWN_MODEL = /file does not exist|manifest unknown|not found|invalid model name/i;
/** Enough to recognise a failure in the log. */
const LOGGED_CHARS = 300;

/** Adds up what Ollama tells of a download: a line names one layer, and the layers come one after the other. */
export class PullTally {
  private readonly layers = new Map<string, { total: number; completed: number }>();
  private lastStatus = '';
  private hasSucceeded = false;

  /** It has said that the model is there. A stream that ends without that has failed, whatever came before. */
  get isComplete(): boolean {
    return this.hasSucceeded;
  }

  get progress(): PullProgress {
    let [completedBytes, totalBytes] = [0, 0];
    for (const { total, completed } of this.layers.values()) {
      totalBytes += total;
      completedBytes += Math.min(completed, total);
    }
    return {
      status: this.lastStatus,
      completedBytes: Math.round(completedBytes),
      totalBytes: Math.round(totalBytes),
    };
  }

  /** @throws AppError `pull.model_unknown`, `model.pull_failed` for a line that says so, or that nobody understands */
  take(text: string): void {
    const { status, digest, total, completed, error } = read(text);
    if (error !== undefined) {
      const details = { engineError: error.slice(0, LOGGED_CHARS) };
      throw new AppError(UNKNOWN_MODEL.test(error) ? 'pull.model_unknown' : 'model.pull_failed', details);
    }
    if (status !== undefined) this.lastStatus = nameOf(status);
    if (status === 'success') this.hasSucceeded = true;
    if (digest === undefined || total === undefined) return;
    const known = this.layers.get(digest);
    this.layers.set(digest, { total, completed: completed ?? known?.completed ?? 0 });
  }
}

/** Layers are named by their digests, which mean nothing to people. */
function nameOf(status: string): string {
  return /^pulling [0-9a-f]{12}/.test(status) ? 'downloading' : status;
}

function read(text: string): z.output<typeof line> {
  try {
    return line.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('model.pull_failed', { reason: 'not a line of Ollama' }, { cause });
  }
}
