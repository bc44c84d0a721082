import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '@baton/kernel';
import type { EngineLogs, LogLine, LogQuery } from '../core/engine-driver.ts';
import { Listeners } from '../core/listeners.ts';

const LINES_KEPT = 2_000;
/** In UTF-16 units, so at most twice as much memory. */
const CHARACTERS_KEPT = 256 * 1_024;
/** A program that prints no line end must not hold the whole buffer. */
const LINE_LENGTH = 4_000;

/**
 * The last lines of a program's output, across its restarts. Bounded, in memory only: an engine may print prompts, so
 * nothing of it is logged or stored. Readers hold a position and no copy: one that is slower than the program misses
 * lines, and is told how many.
 */
export class OutputLog implements EngineLogs {
  private readonly clock: Clock;
  private readonly added = new Listeners<[]>();
  private kept: LogLine[] = [];
  private characters = 0;
  /** Number of the oldest line that is kept; lines are counted from the first one ever. */
  private firstNumber = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A writer for one stream of one program: each puts its own pieces together to lines. */
  writer(): OutputWriter {
    return new OutputWriter((text) => this.add(text));
  }

  /** The last lines, oldest first. */
  last(lines: number): readonly LogLine[] {
    return lines <= 0 ? [] : this.kept.slice(-lines);
  }

  /** Counts all lines ever: what is printed from here on comes after this. */
  get position(): number {
    return this.firstNumber + this.kept.length;
  }

  /** What was printed since a position and is kept still. */
  since(position: number): readonly LogLine[] {
    return this.kept.slice(Math.max(0, position - this.firstNumber));
  }

  async *read({ lines, follows, signal }: LogQuery): AsyncGenerator<LogLine> {
    let next = this.position - this.last(lines).length;
    while (!signal.aborted) {
      if (next < this.firstNumber) {
        yield { atMs: this.clock.now(), text: `… ${this.firstNumber - next} lines were missed …` };
        next = this.firstNumber;
      }
      const line = this.kept[next - this.firstNumber];
      if (line !== undefined) {
        next += 1;
        yield line;
      } else if (follows) {
        await this.untilAdded(signal);
      } else {
        return;
      }
    }
  }

  private add(text: string): void {
    this.kept.push({ atMs: this.clock.now(), text });
    this.characters += text.length;
    let surplus = 0;
    while (this.kept.length - surplus > LINES_KEPT || this.characters > CHARACTERS_KEPT) {
      this.characters -= this.kept[surplus]?.text.length ?? 0;
      surplus += 1;
    }
    if (surplus > 0) this.kept = this.kept.slice(surplus);
    this.firstNumber += surplus;
    this.added.tell();
  }

  private async untilAdded(signal: AbortSignal): Promise<void> {
    const waiting = Promise.withResolvers<undefined>();
    const wake = (): void => waiting.resolve(undefined);
    const forget = this.added.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    await waiting.promise;
    forget();
    signal.removeEventListener('abort', wake);
  }
}

/** Puts bytes together to lines. */
export class OutputWriter {
  private readonly decoder = new StringDecoder('utf8');
  private readonly onLine: (text: string) => void;
  private rest = '';

  constructor(onLine: (text: string) => void) {
    this.onLine = onLine;
  }

  write(bytes: Buffer): void {
    const parts = (this.rest + this.decoder.write(bytes)).split('\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) this.onLine(part.trimEnd().slice(0, LINE_LENGTH));
    if (this.rest.length > LINE_LENGTH) this.end();
  }

  /** What came without a line end counts as a line. */
  end(): void {
    if (this.rest !== '') this.onLine(this.rest.slice(0, LINE_LENGTH));
    this.rest = '';
  }
}
