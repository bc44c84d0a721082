import { guardRefusal } from '@baton/gpu-lease';
import { AppError } from '@baton/kernel';

const OUT_OF_MEMORY =
  /out[ -]of[ -]memory|cudaMalloc failed|requires more (system|gpu) memory|insufficient (vram|memory)/i;
/** Enough to recognise a failure in the log. */
const LOGGED_CHARS = 300;

/**
 * What an answer other than 200 means. Decided by status, since the texts change between versions; in this order:
 *   1. the guard's own refusal carries one of our codes; a refused lease or fence is a lost lease to us;
 *   2. memory ran out: known by its text only, under several statuses;
 *   3. 404: the model is not there;
 *   4. 502, 503, 504: the engine is not there, or too busy to take the request;
 *   5. other 4xx: the request itself is at fault, and would be again;
 *   6. everything else failed inside the engine.
 */
export function refusalOf(status: number, body: string): AppError {
  const { code, text } = readBody(body);
  const details = { status, engineError: text.slice(0, LOGGED_CHARS) };
  const refusal = guardRefusal(code, details);
  if (refusal !== null) return refusal;
  if (OUT_OF_MEMORY.test(text)) return new AppError('engine.out_of_memory', details);
  if (status === 404) return new AppError('model.unknown', details);
  if (status === 502 || status === 503 || status === 504) return new AppError('engine.unavailable', details);
  if (status >= 400 && status < 500) return new AppError('engine.rejected', details);
  return new AppError('engine.failed', details);
}

/** What an `error` line in the middle of a stream means: the status was 200, so only the text is left to go by. */
export function midStreamFailure(text: string): AppError {
  const details = { midStream: true, engineError: innermostText(text).slice(0, LOGGED_CHARS) };
  return new AppError(OUT_OF_MEMORY.test(text) ? 'engine.out_of_memory' : 'engine.failed', details);
}

function readBody(body: string): { readonly code: unknown; readonly text: string } {
  const parsed = parseObject(body);
  if (parsed === null) return { code: null, text: body };
  return {
    code: parsed['code'],
    text: typeof parsed['error'] === 'string' ? innermostText(parsed['error']) : body,
  };
}

/** Errors of Ollama's child process arrive as JSON inside the error text. */
function innermostText(text: string): string {
  const inner = parseObject(text);
  if (inner === null) return text;
  const error = inner['error'];
  if (typeof error === 'string') return error;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return text;
}

function parseObject(text: string): Record<string, unknown> | null {
  if (!text.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
