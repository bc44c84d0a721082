import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Font } from 'opentype.js';

/** Text as outlines, because a machine may have no fonts at all. */

const SCRIPTS = ['latin', 'latin-ext', 'cyrillic', 'greek'] as const;

export type Weight = 400 | 600;

export interface TextStyle {
  readonly weight: Weight;
  /** Height of the em square in pixels. */
  readonly size: number;
}

export class Lettering {
  readonly #fonts: Readonly<Record<Weight, readonly Font[]>>;

  private constructor(fonts: Readonly<Record<Weight, readonly Font[]>>) {
    this.#fonts = fonts;
  }

  static async load(): Promise<Lettering> {
    const { default: opentype } = await import('opentype.js');
    const { resolve } = createRequire(import.meta.url);
    const load = (weight: Weight): Promise<Font[]> =>
      Promise.all(
        SCRIPTS.map(async (script) => {
          const file = await readFile(
            resolve(`@fontsource/noto-sans/files/noto-sans-${script}-${weight}-normal.woff`),
          );
          return opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
        }),
      );
    const [regular, strong] = await Promise.all([load(400), load(600)]);
    return new Lettering({ 400: regular, 600: strong });
  }

  width(text: string, { weight, size }: TextStyle): number {
    let sum = 0;
    for (const letter of text) sum += this.#advance(letter, weight) * size;
    return sum;
  }

  /** SVG path data with the baseline at `y`. A letter that no font has becomes a box. */
  path(text: string, { weight, size }: TextStyle, x: number, y: number): string {
    let at = x;
    const parts: string[] = [];
    for (const letter of text) {
      parts.push(this.#fontFor(letter, weight).charToGlyph(letter).getPath(at, y, size).toPathData(2));
      at += this.#advance(letter, weight) * size;
    }
    return parts.join('');
  }

  /** Breaks at spaces, and inside words that are wider than a line; what is over ends in an ellipsis. */
  wrap(text: string, style: TextStyle, maxWidth: number, maxLines: number): string[] {
    const lines: string[] = [];
    let line = '';
    for (const word of text.split(/\s+/).filter((part) => part !== '')) {
      let rest = word;
      const joined = line === '' ? rest : `${line} ${rest}`;
      if (this.width(joined, style) <= maxWidth) {
        line = joined;
        continue;
      }
      if (line !== '') lines.push(line);
      while (this.width(rest, style) > maxWidth && Array.from(rest).length > 1) {
        const part = this.#fitting(rest, style, maxWidth);
        lines.push(part);
        rest = rest.slice(part.length);
      }
      line = rest;
      if (lines.length > maxLines) break;
    }
    if (line !== '') lines.push(line);
    if (lines.length <= maxLines) return lines;
    const last = lines[maxLines - 1] ?? '';
    return [...lines.slice(0, maxLines - 1), `${this.#fitting(last, style, maxWidth - style.size)}…`];
  }

  /** At least one letter, so that wrapping always gets on. */
  #fitting(text: string, style: TextStyle, maxWidth: number): string {
    let fitting = '';
    for (const letter of text) {
      if (fitting !== '' && this.width(fitting + letter, style) > maxWidth) break;
      fitting += letter;
    }
    return fitting;
  }

  #advance(letter: string, weight: Weight): number {
    const font = this.#fontFor(letter, weight);
    return (font.charToGlyph(letter).advanceWidth ?? font.unitsPerEm) / font.unitsPerEm;
  }

  #fontFor(letter: string, weight: Weight): Font {
    const fonts = this.#fonts[weight];
    const [first] = fonts;
    if (first === undefined) throw new Error('no font was loaded');
    return fonts.find((font) => font.charToGlyphIndex(letter) > 0) ?? first;
  }
}
