import { Transform, type TransformCallback } from 'node:stream';
import { z } from 'zod';

const line = z.object({
  status: z.string(),
  total: z.number().optional(),
  completed: z.number().default(0),
});
/** Only its beginning is looked at. */
const MAX_LINE_CHARS = 65_536;

/**
 * Lets the lines of a download through as they are, and calls `beforeReplaced` once, when everything of a new version is
 * there and the name is about to be given to it: from then on no call reaches an older version that is in memory.
 */
export class DownloadLines extends Transform {
  private readonly beforeReplaced: () => void;
  private begun = '';
  private isNew = false;
  private isTold = false;

  constructor(beforeReplaced: () => void) {
    super();
    this.beforeReplaced = beforeReplaced;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // Statuses and figures are ASCII: a character that was cut in two spoils none of them.
    const lines = (this.begun + chunk.toString('utf8')).split('\n');
    this.begun = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const text of lines) this.look(text);
    done(null, chunk);
  }

  private look(text: string): void {
    if (this.isTold) return;
    const { data } = line.safeParse(parseJson(text));
    if (data === undefined) return;
    // What is there already is told in one line, as complete.
    if (data.total !== undefined && data.completed < data.total) this.isNew = true;
    if (!this.isNew || data.status !== 'verifying sha256 digest') return;
    this.isTold = true;
    this.beforeReplaced();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
