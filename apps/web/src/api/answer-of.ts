import { failureIn, RequestFailed } from './request-failed.ts';

interface Asked<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response?: Response | undefined;
}

export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** What a generated call answers; rejects with `RequestFailed` otherwise. */
export async function answerOf<Data>(asked: Promise<Asked<Data>>): Promise<NonNullable<Data>> {
  const { data, error, response } = await asked;
  if (error instanceof RequestFailed) throw error;
  if (response?.ok !== true)
    throw new RequestFailed(response?.status ?? 0, failureIn(error), { cause: error });
  // A good answer has the data that its route declares; a route without any declares `void`.
  return data as NonNullable<Data>;
}

/** A file that a generated call answers with (asked for as a blob), under the name that the gateway gives it. */
export async function fileOf(asked: Promise<Asked<unknown>>): Promise<NamedFile> {
  const answer = await asked;
  const blob = await answerOf(Promise.resolve(answer));
  if (!(blob instanceof Blob)) throw new RequestFailed(answer.response?.status ?? 0, null);
  const name = fileNameIn(answer.response?.headers.get('content-disposition') ?? null);
  return { name: name ?? 'baton', blob };
}

/** Also a name in letters beyond ASCII (RFC 6266). */
export function fileNameIn(disposition: string | null): string | null {
  if (disposition === null) return null;
  const extended = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(disposition)?.[1];
  if (extended !== undefined) return decoded(extended.trim());
  return /filename\s*=\s*"?([^";]+)"?/i.exec(disposition)?.[1]?.trim() ?? null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
