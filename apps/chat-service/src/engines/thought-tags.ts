export interface Told {
  readonly text: string;
  readonly thinking: string;
}

type Place = 'beginning' | 'thoughts' | 'gap' | 'answer';

const OPEN = '<think>';
const CLOSE = '</think>';

/**
 * Takes thoughts out of an answer that begins with them: a model that thinks although it was told not to, or whose template
 * Ollama does not know, writes them into the text, between tags.
 */
export class ThoughtTags {
  private place: Place = 'beginning';
  /** What may be the beginning of a tag. */
  private held = '';

  /** The next piece of text, told apart; what cannot be told yet comes with a later piece, or with the `rest`. */
  push(piece: string): Told {
    if (this.isIn('answer')) return { text: piece, thinking: '' };
    this.held += piece;
    if (this.isIn('beginning')) this.begin();
    const thinking = this.isIn('thoughts') ? this.thoughts() : '';
    if (this.isIn('gap')) this.skipGap();
    return { text: this.isIn('answer') ? this.take(this.held.length) : '', thinking };
  }

  /** What was held back when the answer ended. */
  rest(): Told {
    const held = this.take(this.held.length);
    if (this.isIn('thoughts')) return { text: '', thinking: held };
    return { text: this.isIn('gap') ? '' : held, thinking: '' };
  }

  private isIn(place: Place): boolean {
    return this.place === place;
  }

  private begin(): void {
    const start = this.held.trimStart();
    if (start.startsWith(OPEN)) {
      this.held = start.slice(OPEN.length);
      this.place = 'thoughts';
    } else if (!OPEN.startsWith(start)) {
      this.place = 'answer';
    }
  }

  private thoughts(): string {
    const end = this.held.indexOf(CLOSE);
    if (end < 0) return this.take(this.held.length - beginningAtEnd(this.held));
    const thinking = this.take(end);
    this.held = this.held.slice(CLOSE.length);
    this.place = 'gap';
    return thinking;
  }

  /** The empty lines between thoughts and answer are neither. */
  private skipGap(): void {
    this.held = this.held.trimStart();
    if (this.held !== '') this.place = 'answer';
  }

  private take(chars: number): string {
    const taken = this.held.slice(0, chars);
    this.held = this.held.slice(chars);
    return taken;
  }
}

/** How many characters at the end may be the beginning of the closing tag. */
function beginningAtEnd(text: string): number {
  for (let chars = Math.min(CLOSE.length - 1, text.length); chars > 0; chars -= 1) {
    if (text.endsWith(CLOSE.slice(0, chars))) return chars;
  }
  return 0;
}
