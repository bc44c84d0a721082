import type { z } from 'zod';

/** A question that one service asks another: both shapes and the deadline in one place, used by both sides. */
export interface CallContract<Request extends z.ZodType = z.ZodType, Reply extends z.ZodType = z.ZodType> {
  /** `noun.verb`; the message pattern on the wire. */
  readonly name: string;
  readonly request: Request;
  readonly reply: Reply;
  /** The asker gives up after this long with `call.timeout`. */
  readonly timeoutMs: number;
}

export function defineCall<Request extends z.ZodType, Reply extends z.ZodType>(
  name: string,
  contract: { readonly request: Request; readonly reply: Reply; readonly timeoutMs: number },
): CallContract<Request, Reply> {
  return { name, ...contract };
}
