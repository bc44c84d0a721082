import { guardRefusal } from '@baton/gpu-lease';
import { AppError } from '@baton/kernel';
import { PROBLEM_CONTENT_TYPE } from '@baton/platform';
import { z } from 'zod';

const problem = z.object({ code: z.string() });

/** An answer other than 200, of an engine or of the guard before it. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Statuses that say that nobody is there to answer. */
export function isAway(status: number): boolean {
  return status === 502 || status === 503 || status === 504;
}

/** The guard's own refusal as an error of ours; null when the engine itself has answered. */
export function refusalOfGuard(
  { contentType, body }: Refusal,
  details: Readonly<Record<string, unknown>>,
): AppError | null {
  if (mediaType(contentType) !== mediaType(PROBLEM_CONTENT_TYPE)) return null;
  const parsed = problem.safeParse(parseJson(body));
  return guardRefusal(parsed.data?.code, details) ?? new AppError('engine.failed', details);
}

function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
