/**
 * A text that matches a regular expression of the kind JSON Schemas use: literals, classes, groups, alternatives,
 * quantifiers, anchors at the ends. Null when the pattern uses more than that (look-around, back references) or when
 * the text found does not match after all.
 */
export function textForPattern(pattern: string, minLength: number): string | null {
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, 'u');
  } catch {
    return null;
  }
  // More rounds per open-ended quantifier until the text is long enough.
  for (const repeats of [1, 4, 16, 64, minLength]) {
    try {
      const text = new Sampler(pattern, repeats).sample();
      if (regex.test(text) && Array.from(text).length >= minLength) return text;
    } catch (cause) {
      if (cause instanceof Unsupported) return null;
      throw cause;
    }
  }
  return null;
}

class Unsupported extends Error {}

/** Reads the pattern from left to right and writes one matching text; always the first alternative. */
class Sampler {
  readonly #pattern: string[];
  readonly #repeats: number;
  #at = 0;

  constructor(pattern: string, repeats: number) {
    this.#pattern = Array.from(pattern);
    this.#repeats = repeats;
  }

  sample(): string {
    const text = this.#alternatives();
    if (this.#at < this.#pattern.length) throw new Unsupported();
    return text;
  }

  #alternatives(): string {
    const first = this.#sequence();
    while (this.#pattern[this.#at] === '|') {
      this.#at += 1;
      this.#sequence();
    }
    return first;
  }

  #sequence(): string {
    let text = '';
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at] ?? '')) {
      const atom = this.#atom();
      text += atom.repeat(this.#quantity());
    }
    return text;
  }

  #atom(): string {
    const character = this.#next();
    if (character === '^' || character === '$') return '';
    if (character === '.') return 'a';
    if (character === '[') return this.#class();
    if (character === '\\') return this.#escaped();
    if (character === '(') return this.#group();
    if ('*+?{'.includes(character)) throw new Unsupported();
    return character;
  }

  #group(): string {
    if (this.#pattern[this.#at] === '?') {
      this.#at += 1;
      const kind = this.#next();
      if (kind === '<') {
        if ('=!'.includes(this.#pattern[this.#at] ?? '')) throw new Unsupported();
        while (this.#next() !== '>');
      } else if (kind !== ':') throw new Unsupported();
    }
    const text = this.#alternatives();
    if (this.#next() !== ')') throw new Unsupported();
    return text;
  }

  #escaped(): string {
    const character = this.#next();
    const known: Readonly<Record<string, string>> = {
      d: '4',
      w: 'a',
      s: ' ',
      D: 'a',
      W: '-',
      S: 'a',
      n: '\n',
      t: '\t',
      r: '\r',
    };
    if (/[bBkpP1-9ux]/.test(character)) throw new Unsupported();
    return known[character] ?? character;
  }

  #class(): string {
    const start = this.#at;
    const isNegated = this.#pattern[this.#at] === '^';
    while (this.#next() !== ']') if (this.#pattern[this.#at - 1] === '\\') this.#at += 1;
    const source = `[${this.#pattern.slice(start, this.#at).join('')}`;
    const member = new RegExp(`^${source}$`, 'u');
    const likely = Array.from(`aA0 -_.,eXyz5Z${source.slice(isNegated ? 2 : 1, -1)}`);
    const found = likely.find((character) => member.test(character));
    if (found === undefined) throw new Unsupported();
    return found;
  }

  /** How often to repeat what came before; open ends are bounded by `repeats`. */
  #quantity(): number {
    const range = this.#range();
    if (range === null) return 1;
    // A lazy quantifier matches the same texts.
    if (this.#pattern[this.#at] === '?') this.#at += 1;
    return Math.max(range.least, Math.min(range.most, this.#repeats));
  }

  /** Null when no quantifier stands here. */
  #range(): { least: number; most: number } | null {
    const simple: Readonly<Record<string, { least: number; most: number }>> = {
      '*': { least: 0, most: Infinity },
      '+': { least: 1, most: Infinity },
      '?': { least: 0, most: 1 },
    };
    const character = this.#pattern[this.#at] ?? '';
    if (character !== '{') {
      const range = simple[character] ?? null;
      if (range) this.#at += 1;
      return range;
    }
    const close = this.#pattern.indexOf('}', this.#at);
    const range = /^(\d+)(,(\d*))?$/.exec(this.#pattern.slice(this.#at + 1, close).join(''));
    if (!range) throw new Unsupported();
    this.#at = close + 1;
    const least = Number(range[1]);
    if (range[2] === undefined) return { least, most: least };
    return { least, most: range[3] ? Number(range[3]) : Infinity };
  }

  #next(): string {
    const character = this.#pattern[this.#at];
    if (character === undefined) throw new Unsupported();
    this.#at += 1;
    return character;
  }
}
