import { Readable } from 'node:stream';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import { AppError } from '@baton/kernel';
import type { FastifyRequest } from 'fastify';

/** The only name that a file may have in a form. */
export const FILE_FIELD = 'file';

/** What the reader of forms says of a file that is larger than it may be. */
const TOO_LARGE = 'FST_REQ_FILE_TOO_LARGE';

type Parts = AsyncIterableIterator<Multipart>;

/**
 * The bytes of the one file in a form, as they come in. They end when the form has ended, and well: whoever stores them
 * stores nothing of a form that was broken off, or that brings more than was asked for.
 *
 * @throws AppError `request.unsupported_media_type`, `request.invalid`; while it is read also `request.too_large`
 */
export async function fileOf(request: FastifyRequest, maxBytes: number): Promise<Readable> {
  if (!request.isMultipart()) throw new AppError('request.unsupported_media_type');
  const parts: Parts = request.parts({ limits: { fileSize: maxBytes } });
  const part = await nextOf(parts, maxBytes);
  if (part === undefined) throw badForm('is missing: send one file');
  if (part.type !== 'file') throw badForm('must be a file, and all that is in the form');
  if (part.fieldname !== FILE_FIELD) throw badForm('must be the name of the file’s field');
  const { file } = part;
  // At once: what is too large need not be read to its end.
  file.once('limit', () => file.destroy(tooLarge(maxBytes)));
  return Readable.from(bytesOf(part, parts, maxBytes), { objectMode: false });
}

async function* bytesOf({ file }: MultipartFile, parts: Parts, maxBytes: number): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of file) yield chunk as Buffer;
  } catch (error) {
    throw clear(error, maxBytes);
  }
  if ((await nextOf(parts, maxBytes)) !== undefined) throw badForm(ONE_FILE);
}

async function nextOf(parts: Parts, maxBytes: number): Promise<Multipart | undefined> {
  try {
    const next: IteratorResult<Multipart, undefined> = await parts.next();
    return next.value;
  } catch (error) {
    throw clear(error, maxBytes);
  }
}

const ONE_FILE = 'must be one file, and all that is in the form';

/** What is wrong with the form: more parts than one, or no whole form at all. */
function clear(error: unknown, maxBytes: number): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === TOO_LARGE) return tooLarge(maxBytes);
  return badForm(
    /^FST_(PARTS|FILES|FIELDS)_LIMIT$/.test(code) ? ONE_FILE : 'was not sent whole: the form is broken',
    error,
  );
}

function badForm(message: string, cause?: unknown): AppError {
  return new AppError('request.invalid', {}, { issues: [{ path: FILE_FIELD, message }], cause });
}

function tooLarge(maxBytes: number): AppError {
  const message = `must not be larger than ${Math.floor(maxBytes / 1_048_576)} MiB`;
  return new AppError('request.too_large', { maxBytes }, { issues: [{ path: FILE_FIELD, message }] });
}
