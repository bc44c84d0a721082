import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';

export const CONTROL_PATH = '/__control';

/** What one part of a role offers at `/__control`: a key, the shape it takes, how it is applied and shown. */
export interface Dial {
  readonly schema: z.ZodType;
  /** Gets what `schema` has parsed; never called for an absent key. */
  readonly apply: (value: unknown) => void | Promise<void>;
  readonly show: () => unknown;
}

/** Ties a dial's three parts together by type. */
export function dial<Value>(parts: {
  schema: z.ZodType<Value>;
  apply: (value: Value) => void | Promise<void>;
  show: () => unknown;
}): Dial {
  return { schema: parts.schema, apply: (value) => parts.apply(value as Value), show: parts.show };
}

/**
 * The settings of a role that can be changed while it runs. `GET /__control` shows every key, `PUT /__control` merges
 * the keys it names; an unknown key or a wrong value changes nothing and answers 400 with the reasons.
 */
export class Control {
  readonly #dials: Readonly<Record<string, Dial>>;
  readonly #schema: z.ZodType<Record<string, unknown>>;
  readonly #key: string | undefined;

  /** With a key, every request must bring it as its bearer token: other users of this machine reach the port, too. */
  constructor(dials: Readonly<Record<string, Dial>>, key?: string) {
    this.#dials = dials;
    this.#key = key;
    const shape = Object.fromEntries(
      Object.entries(dials).map(([key, { schema }]) => [key, schema.optional()]),
    );
    this.#schema = z.strictObject(shape);
  }

  show(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.#dials).map(([key, { show }]) => [key, show()]));
  }

  /** Throws ZodError on an unknown key or a wrong value. */
  async merge(change: unknown): Promise<void> {
    const parsed = this.#schema.parse(change);
    for (const [key, value] of Object.entries(parsed)) {
      if (value !== undefined) await this.#dials[key]?.apply(value);
    }
  }

  /** Answers one request to `/__control`; the role's server calls it before any fault can strike. */
  async respond(request: IncomingMessage, body: string): Promise<{ status: number; body: unknown }> {
    const method = request.method ?? 'GET';
    if (!this.#isKnown(request))
      return { status: 401, body: { error: 'the control key is missing or wrong' } };
    if (method === 'GET' || method === 'HEAD') return { status: 200, body: this.show() };
    if (method !== 'PUT') return { status: 405, body: { error: 'use GET or PUT' } };
    try {
      await this.merge(JSON.parse(body));
      return { status: 200, body: this.show() };
    } catch (cause) {
      if (cause instanceof z.ZodError) return { status: 400, body: { error: z.prettifyError(cause) } };
      if (cause instanceof SyntaxError) return { status: 400, body: { error: 'the body is not JSON' } };
      throw cause;
    }
  }

  #isKnown({ headers }: IncomingMessage): boolean {
    if (this.#key === undefined) return true;
    return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${this.#key}`));
  }
}

/** Of one length whatever the text, as the comparison needs it. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A dial over a plain settings object: `PUT` merges the fields it names. */
export function settingsDial<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  settings: z.infer<z.ZodObject<Shape>>,
): Dial {
  return dial({
    schema: z.strictObject(schema.shape).partial() as unknown as z.ZodType<Partial<typeof settings>>,
    apply: (change) => {
      for (const [key, value] of Object.entries(change)) {
        if (value !== undefined) Object.assign(settings, { [key]: value });
      }
    },
    show: () => ({ ...settings }),
  });
}
