import { RequestFailed } from '../api/request-failed.ts';

/** What the gateway said about one field of a form; null when it said nothing. */
export function fieldError(error: unknown, field: string): string | null {
  if (!(error instanceof RequestFailed)) return null;
  return error.problem?.errors?.find((wrong) => wrong.field === field)?.message ?? null;
}
