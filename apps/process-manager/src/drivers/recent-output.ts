import { StringDecoder } from 'node:string_decoder';

const LINES_KEPT = 50;
const LINE_LENGTH = 500;

/** The last lines of a program's output. Bounded, in memory only: an engine may print prompts, so nothing is logged. */
export class RecentOutput {
  private readonly decoder = new StringDecoder('utf8');
  private readonly kept: string[] = [];
  private rest = '';

  add(bytes: Buffer): void {
    const parts = (this.rest + this.decoder.write(bytes)).split('\n');
    this.rest = (parts.pop() ?? '').slice(-LINE_LENGTH);
    for (const line of parts) this.kept.push(line.trimEnd().slice(0, LINE_LENGTH));
    if (this.kept.length > LINES_KEPT) this.kept.splice(0, this.kept.length - LINES_KEPT);
  }

  lines(): readonly string[] {
    return this.rest === '' ? [...this.kept] : [...this.kept, this.rest];
  }
}
