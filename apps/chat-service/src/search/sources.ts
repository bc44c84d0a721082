import type { Source } from '@baton/contracts';
import type { FoundPage } from './web-search.ts';

/** As many as a short prompt can hold and a reader will look at. */
export const SOURCES = 5;
const TITLE_CHARS = 200;
const URL_CHARS = 2_000;
const SNIPPET_CHARS = 1_200;

/** What cannot be seen: control characters, zero-width ones, and those that turn the direction of writing around. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}]+/gu;

/**
 * Numbers what was found, in the order of the provider. Only links that a browser may open are kept, each once, and
 * none that carries a user name or a password.
 */
export function sourcesOf(pages: readonly FoundPage[]): Source[] {
  const byUrl = new Map<string, FoundPage>();
  for (const page of pages) {
    const url = webAddress(page.url);
    if (url !== null && !byUrl.has(url)) byUrl.set(url, page);
  }
  return [...byUrl].slice(0, SOURCES).map(([url, page], index) => ({
    n: index + 1,
    title: shortened(page.title, TITLE_CHARS) || new URL(url).hostname,
    url,
    snippet: shortened(page.text, SNIPPET_CHARS),
  }));
}

function webAddress(text: string): string | null {
  if (text.length > URL_CHARS || !URL.canParse(text)) return null;
  const url = new URL(text);
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
  return isWeb && url.username === '' && url.password === '' ? url.href : null;
}

/** One line, never cut within a character. */
function shortened(text: string, chars: number): string {
  const line = text.replaceAll(INVISIBLE, ' ').replaceAll(/\s+/g, ' ').trim();
  if (line.length <= chars) return line;
  const cut = line.slice(0, chars - 1).replace(/[\uD800-\uDBFF]$/, '');
  return `${cut.trimEnd()}…`;
}
