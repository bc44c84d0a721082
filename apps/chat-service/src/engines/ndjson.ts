import { AppError } from '@baton/kernel';

const NEWLINE = 0x0a;
/** No line of a chat comes near; a server that never ends one must not fill our memory. */
const MAX_LINE_BYTES = 1_048_576;

/**
 * Cuts a byte stream into lines. Pieces may end anywhere, inside a character too: bytes become text only when their line
 * is complete. A last line without an end counts, empty ones do not.
 *
 * @throws AppError `engine.failed` for a line longer than 1 MiB
 */
export class LineCutter {
  private parts: Uint8Array[] = [];
  private size = 0;

  push(piece: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      this.keep(piece.subarray(from, end));
      lines.push(this.take());
      from = end + 1;
    }
    if (from < piece.length) this.keep(piece.subarray(from));
    return lines.filter((line) => line !== '');
  }

  /** What is left when the stream has ended. */
  rest(): string[] {
    const line = this.take();
    return line === '' ? [] : [line];
  }

  private keep(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (this.size > MAX_LINE_BYTES) throw new AppError('engine.failed', { reason: 'line too long' });
    this.parts.push(bytes);
  }

  private take(): string {
    const text = Buffer.concat(this.parts).toString('utf8').trim();
    this.parts = [];
    this.size = 0;
    return text;
  }
}
