import type { RequestBody } from '../request-body.ts';
import { hash } from '../text/tokens.ts';

interface Likelihood {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
  readonly top_logprobs?: readonly Likelihood[];
}

/** `logprobs` for one chunk when they were asked for: made up from the token, in the right shape. */
export function likelihoods(body: RequestBody, token: string): { logprobs?: Likelihood[] } {
  if (body.flag('logprobs') !== true) return {};
  const top = body.number('top_logprobs') ?? 0;
  const own = likelihood(token, (hash(token) % 1_000) / 2_000);
  if (top === 0) return { logprobs: [own] };
  const others = Array.from({ length: top - 1 }, (_, index) =>
    likelihood(`${token}~${index + 1}`, 1 + index),
  );
  return { logprobs: [{ ...own, top_logprobs: [own, ...others] }] };
}

function likelihood(token: string, unlikeliness: number): Likelihood {
  return { token, logprob: -unlikeliness, bytes: [...Buffer.from(token)] };
}
