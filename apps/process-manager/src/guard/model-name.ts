import { AppError } from '@baton/kernel';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Longer than any name of a model, and than any key of a request. */
const STRING_LIMIT_BYTES = 512;

/**
 * Reads one thing of a JSON object that passes by: the string under its top-level key `model`. Keeps nothing else, and
 * steps over long strings (pictures) at the speed of a search for their end. It looks at all of it, to the end: of a key
 * that comes twice Ollama takes the last, and it takes `Model` for `model`.
 */
export class ModelNameReader {
  private depth = 0;
  private isInString = false;
  private isEscaped = false;
  private isAtKey = false;
  private key: string | null = null;
  private collected: number[] | null = null;
  private found: string | null = null;

  /** Null until it has come by. */
  get name(): string | null {
    return this.found;
  }

  /** @throws AppError `request.invalid` for what is no object, no text, or names a model twice */
  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.isInString ? this.inString(bytes, at) : this.between(bytes, at);
  }

  private inString(bytes: Buffer, from: number): number {
    if (this.isEscaped) {
      this.isEscaped = false;
      this.collect(bytes.subarray(from, from + 1));
      return from + 1;
    }
    const quote = bytes.indexOf(QUOTE, from);
    const end = quote === -1 ? bytes.length : quote;
    let backslashes = 0;
    while (end - backslashes > from && bytes[end - backslashes - 1] === BACKSLASH) backslashes += 1;
    this.collect(bytes.subarray(from, end));
    if (backslashes % 2 === 1) {
      this.isEscaped = true;
    } else if (quote !== -1) {
      this.isInString = false;
      this.endString();
      return quote + 1;
    }
    return end;
  }

  private between(bytes: Buffer, at: number): number {
    const isTop = this.depth === 1;
    switch (String.fromCharCode(bytes[at] ?? 0)) {
      case '"':
        this.isInString = true;
        this.collected = isTop && (this.isAtKey || this.isModelKey) ? [] : null;
        break;
      case '{':
      case '[':
        if (this.depth === 0 && bytes[at] !== 0x7b) throw invalid('must be an object');
        if (isTop && this.isModelKey) throw invalid('must be a text', 'model');
        this.depth += 1;
        this.isAtKey = this.depth === 1;
        break;
      case '}':
      case ']':
        this.depth -= 1;
        break;
      case ',':
        if (isTop) {
          this.isAtKey = true;
          this.key = null;
        }
        break;
      case ':':
        if (isTop) this.isAtKey = false;
        break;
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        break;
      default:
        if (this.depth === 0) throw invalid('must be an object');
        if (isTop && !this.isAtKey && this.isModelKey) throw invalid('must be a text', 'model');
    }
    return at + 1;
  }

  private get isModelKey(): boolean {
    return this.key?.toLowerCase() === 'model';
  }

  private collect(bytes: Buffer): void {
    if (this.collected === null) return;
    if (this.collected.length + bytes.length > STRING_LIMIT_BYTES) {
      if (!this.isAtKey) throw invalid('is too long', 'model');
      // A key of this length is not the one.
      this.collected = null;
      return;
    }
    this.collected.push(...bytes);
  }

  private endString(): void {
    const { collected } = this;
    this.collected = null;
    if (this.depth !== 1) return;
    const text = collected === null ? null : unescaped(collected);
    if (this.isAtKey) {
      this.key = text;
    } else if (this.isModelKey) {
      if (this.found !== null) throw invalid('must be there once', 'model');
      this.found = text ?? '';
      this.key = null;
    }
  }
}

function unescaped(bytes: readonly number[]): string {
  try {
    return String(JSON.parse(`"${Buffer.from(bytes).toString('utf8')}"`));
  } catch (cause) {
    throw invalid('must be valid JSON', 'body', cause);
  }
}

function invalid(message: string, path = 'body', cause?: unknown): AppError {
  return new AppError('request.invalid', {}, { cause, issues: [{ path, message }] });
}
