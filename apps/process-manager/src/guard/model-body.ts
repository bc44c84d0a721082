import type { Readable } from 'node:stream';
import { AppError } from '@baton/kernel';
import { sameModel } from '../engines/ollama-models.ts';
import { ModelNameReader } from './model-name.ts';

/** The model must be named this early: so much of a body is held back, and no more, whatever follows. */
const PEEK_LIMIT_BYTES = 64 * 1_024;

export interface ModelBody {
  /** What was read to find the name; the rest is still in the request. */
  readonly head: readonly Buffer[];
  /** Looks at what follows. @throws AppError as `readModelBody` */
  readonly check: (bytes: Buffer) => void;
}

/**
 * Reads the beginning of a body until it has named its model.
 *
 * @throws AppError `gpu.lease_required` when that is none of the lease's models, `request.invalid` when it does not say
 *   early, or twice
 */
export async function readModelBody(request: Readable, leased: readonly string[]): Promise<ModelBody> {
  const reader = new ModelNameReader();
  const head: Buffer[] = [];
  let length = 0;
  const check = (bytes: Buffer): void => reader.feed(bytes);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  // More than one piece may come before anybody hears that the first one was enough.
  const refusals: AppError[] = [];
  const onData = (bytes: Buffer): void => {
    head.push(bytes);
    length += bytes.length;
    try {
      check(bytes);
      if (reader.name !== null) resolve(undefined);
      else if (length > PEEK_LIMIT_BYTES) throw notEarly();
    } catch (error) {
      if (error instanceof AppError) refusals.push(error);
      reject(error);
    }
  };
  const onEnd = (): void => reject(notEarly());
  const onClose = (): void => reject(new AppError('request.invalid', { cause: 'the client left' }));
  request.on('data', onData).once('end', onEnd).once('close', onClose);
  try {
    await promise;
  } finally {
    request.pause();
    request.off('data', onData).off('end', onEnd).off('close', onClose);
  }
  const [refusal] = refusals;
  if (refusal !== undefined) throw refusal;
  const wanted = reader.name ?? '';
  if (!leased.some((model) => sameModel(wanted, model))) {
    throw new AppError('gpu.lease_required', { leased: leased.join(', '), wanted });
  }
  return { head, check };
}

function notEarly(): AppError {
  const issues = [{ path: 'model', message: 'must be named at the beginning of the body' }];
  return new AppError('request.invalid', {}, { issues });
}
