import { AppError, type Clock } from '@baton/kernel';
import { z } from 'zod';
import type { FoundPage, SearchRequest, WebSearch } from './web-search.ts';

/** Of the answer only what is used; providers add fields without asking. */
const answer = z.object({
  results: z.array(
    z.object({
      title: z.string().nullish(),
      url: z.string(),
      content: z.string().nullish(),
    }),
  ),
});

/** A person waits, and often the GPU does as well. */
const TIMEOUT_MS = 8_000;
/** Twenty times what five results need. */
const MAX_ANSWER_BYTES = 1_048_576;

export interface TavilySettings {
  /** Null: nobody gave a key. */
  readonly apiKey: string | null;
  /** Without a slash at its end. */
  readonly url: string;
}

/** Tavily's `POST /search` (https://docs.tavily.com/documentation/api-reference/endpoint/search). */
export class TavilyDriver implements WebSearch {
  private readonly settings: TavilySettings;
  private readonly clock: Clock;

  constructor(settings: TavilySettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
  }

  get isSetUp(): boolean {
    return this.settings.apiKey !== null;
  }

  async search(request: SearchRequest): Promise<FoundPage[]> {
    const patience = new AbortController();
    const cancel = this.clock.after(TIMEOUT_MS, () =>
      patience.abort(new AppError('search.failed', { provider: 'tavily', why: 'timeout' })),
    );
    const signal = AbortSignal.any([request.signal, patience.signal]);
    try {
      return pagesOf(await this.post(request, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      throw new AppError('search.failed', { provider: 'tavily', why: 'unreachable' }, { cause: error });
    } finally {
      cancel();
    }
  }

  private async post({ query, maxResults }: SearchRequest, signal: AbortSignal): Promise<string> {
    const { apiKey, url } = this.settings;
    if (apiKey === null) throw new AppError('search.not_set_up');
    const response = await fetch(`${url}/search`, {
      method: 'POST',
      signal,
      // The key goes to the configured address and to no other.
      redirect: 'error',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: JSON.stringify({
        query,
        max_results: maxResults,
        search_depth: 'basic',
        include_answer: false,
        include_raw_content: false,
        include_images: false,
      }),
    });
    if (response.ok) return readBounded(response);
    await response.body?.cancel();
    throw new AppError('search.failed', { provider: 'tavily', why: 'refused', status: response.status });
  }
}

async function readBounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    // Leaving the loop cancels the body, which closes the connection.
    if (bytes > MAX_ANSWER_BYTES) {
      throw new AppError('search.failed', { provider: 'tavily', why: 'too_large' });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function pagesOf(body: string): FoundPage[] {
  const parsed = answer.safeParse(parseJson(body));
  if (!parsed.success) throw new AppError('search.failed', { provider: 'tavily', why: 'unreadable' });
  return parsed.data.results.map(({ title, url, content }) => ({
    title: title ?? '',
    url,
    text: content ?? '',
  }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
