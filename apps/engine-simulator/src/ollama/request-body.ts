import { OllamaError } from './ollama-error.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON object read the way the real program's decoder does: unknown fields pass, wrong types answer 400. */
export class RequestBody {
  readonly #fields: JsonObject;
  readonly #struct: string;

  private constructor(fields: JsonObject, struct: string) {
    this.#fields = fields;
    this.#struct = struct;
  }

  /** `struct` is the name that error texts carry, such as `ChatRequest`. Throws OllamaError 400. */
  static parse(text: string, struct: string): RequestBody {
    if (text.trim() === '') throw new OllamaError(400, 'missing request body');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new OllamaError(400, syntaxError(text));
    }
    if (!isObject(value)) {
      throw new OllamaError(
        400,
        `json: cannot unmarshal ${jsonKind(value)} into Go value of type api.${struct}`,
      );
    }
    return new RequestBody(value, struct);
  }

  /** A part of the body, for nested lists; `field` goes into error texts. */
  nested(value: unknown, field: string): RequestBody {
    if (!isObject(value)) throw this.#mismatch(value, field, 'object');
    return new RequestBody(value, `${this.#struct}.${field}`);
  }

  raw(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  text(name: string): string {
    const value = this.raw(name);
    if (value === undefined) return '';
    if (typeof value !== 'string') throw this.#mismatch(value, name, 'string');
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#mismatch(value, name, 'bool');
  }

  number(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'number') return value;
    throw this.#mismatch(value, name, 'int');
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#mismatch(value, name, 'list');
    return value;
  }

  object(name: string): JsonObject {
    const value = this.raw(name);
    if (value === undefined) return {};
    if (!isObject(value)) throw this.#mismatch(value, name, 'map[string]interface {}');
    return value;
  }

  /** Plain base64; a `data:` prefix is an error, as its characters are none of the alphabet. */
  images(name: string): Buffer[] {
    return this.list(name).map((image) => {
      if (typeof image !== 'string') throw this.#mismatch(image, name, 'api.ImageData');
      const wrong = /[^A-Za-z0-9+/=\s]/.exec(image);
      if (wrong) throw new OllamaError(400, `illegal base64 data at input byte ${wrong.index}`);
      return Buffer.from(image, 'base64');
    });
  }

  #mismatch(value: unknown, field: string, type: string): OllamaError {
    const kind = jsonKind(value);
    return new OllamaError(
      400,
      `json: cannot unmarshal ${kind} into Go struct field ${this.#struct}.${field} of type ${type}`,
    );
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}

function syntaxError(text: string): string {
  const first = text.trimStart().charAt(0);
  if ('{["'.includes(first)) return 'unexpected EOF';
  return `invalid character '${first}' looking for beginning of value`;
}
