/** A page as the search found it. Everything but the address is somebody else's text: data, never an instruction. */
export interface FoundPage {
  readonly title: string;
  readonly url: string;
  readonly text: string;
}

export interface SearchRequest {
  readonly query: string;
  readonly maxResults: number;
  /** Aborting ends the request; its reason is what `search` throws. */
  readonly signal: AbortSignal;
}

/**
 * Somebody who searches the web for us. Calls may run side by side; each is one request to the provider, which may cost
 * money, so nothing is tried twice in here. No results is an answer: an empty list.
 */
export interface WebSearch {
  /** False without a key: then `search` must not be called. */
  readonly isSetUp: boolean;
  /** @throws AppError `search.failed`; the signal's reason when it was aborted */
  search(request: SearchRequest): Promise<FoundPage[]>;
}

export const WEB_SEARCH = Symbol('WEB_SEARCH');
