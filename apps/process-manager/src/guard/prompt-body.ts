import type { IncomingMessage } from 'node:http';
import { AppError } from '@baton/kernel';
import { z } from 'zod';

/** A workflow has some hundred kilobytes at most; pictures go through the upload, not through here. */
const BODY_LIMIT_BYTES = 8 * 1_048_576;

/** As ComfyUI wants them since 0.25: a UUID in lower case. */
const promptId = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, {
  error: 'must be a lower-case UUID, chosen by you',
});
const withPromptId = z.object({ prompt_id: promptId });

export interface PromptBody {
  /** The bytes as they came: numbers in them may be larger than a double can hold. */
  readonly bytes: Buffer;
  readonly promptId: string;
}

/**
 * Reads a small body that must name its prompt, so that the prompt can be ended whatever becomes of the answer.
 *
 * @throws AppError `request.too_large`, `request.invalid`
 */
export async function readPromptBody(request: IncomingMessage): Promise<PromptBody> {
  refuseOtherCharsets(request);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT_BYTES) throw new AppError('request.too_large');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  return { bytes, promptId: promptIdOf(bytes) };
}

/** ComfyUI reads the body in the charset that is named; in another one than ours it could say something else. */
function refuseOtherCharsets(request: IncomingMessage): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset === undefined || /^utf-?8$/i.test(charset)) return;
  const issues = [{ path: 'content-type', message: 'must be UTF-8' }];
  throw new AppError('request.invalid', {}, { issues });
}

function promptIdOf(bytes: Buffer): string {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    const issues = [{ path: 'body', message: 'must be valid JSON' }];
    throw new AppError('request.invalid', {}, { cause, issues });
  }
  const parsed = withPromptId.safeParse(json);
  if (parsed.success) return parsed.data.prompt_id;
  const issues = [{ path: 'prompt_id', message: 'must be a lower-case UUID, chosen by you' }];
  throw new AppError('request.invalid', {}, { issues });
}
