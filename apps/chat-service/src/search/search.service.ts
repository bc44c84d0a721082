import type { Source, WebSearchOption } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { ReplyTask } from '../chats/exchanges.service.ts';
import type { AnswerTurn, BeforeAnswer } from '../replies/answer-hooks.ts';
import { searchMaterial } from './search-prompt.ts';
import { QUERY_TOKENS, queryFrom, queryPrompt } from './search-query.ts';
import { SOURCES, sourcesOf } from './sources.ts';
import { WEB_SEARCH, type FoundPage, type WebSearch } from './web-search.ts';

interface Found {
  readonly query: string;
  readonly sources: Source[];
}

/** The web, searched before an answer: what was found is put into the prompt and told to the reader. */
@Injectable()
export class SearchService implements BeforeAnswer {
  /** Searches that run while their answers wait for the GPU. */
  private readonly begun = new WeakMap<ReplyTask, Promise<FoundPage[]>>();
  private readonly web: WebSearch;
  private readonly clock: Clock;

  constructor(@Inject(WEB_SEARCH) web: WebSearch, @Inject(CLOCK) clock: Clock) {
    this.web = web;
    this.clock = clock;
  }

  /** Before anything is stored. @throws AppError `search.not_set_up` when a search is asked for and nobody can search */
  require(option: WebSearchOption | undefined): void {
    if (isWanted(option) && !this.web.isSetUp) throw new AppError('search.not_set_up');
  }

  isFor(task: ReplyTask): boolean {
    return isWanted(task.options.web_search);
  }

  /** A query that was given needs no model: it is searched for while the answer waits for its turn. */
  early(task: ReplyTask, signal: AbortSignal): void {
    const asked = task.options.web_search;
    if (typeof asked !== 'object' || !this.web.isSetUp) return;
    const pages = this.web.search({ query: asked.query, maxResults: SOURCES, signal });
    // Told where it is waited for.
    pages.catch(() => undefined);
    this.begun.set(task, pages);
  }

  /**
   * Of a later attempt at the same answer the pages are there already: nobody pays for them twice.
   *
   * @throws AppError `search.not_set_up`, `search.failed`; what the model failed with while it wrote the query
   */
  async prepare(turn: AnswerTurn): Promise<void> {
    const { sources, search_query: query } = turn.details;
    const isFound = sources !== undefined && sources !== null && typeof query === 'string';
    const found = isFound ? { query, sources } : await this.search(turn);
    const { rules, material } = searchMaterial(found.query, found.sources);
    turn.addSystem(rules);
    if (material !== '') turn.addMaterial(material);
  }

  private async search(turn: AnswerTurn): Promise<Found> {
    this.require(turn.task.options.web_search);
    turn.tell({ type: 'state', state: 'searching' });
    const query = await this.queryOf(turn);
    const begun = this.begun.get(turn.task);
    this.begun.delete(turn.task);
    const pages = await (begun ?? this.web.search({ query, maxResults: SOURCES, signal: turn.signal }));
    const sources = sourcesOf(pages);
    turn.note({ sources, search_query: query });
    turn.tell({ type: 'sources', query, sources });
    return { query, sources };
  }

  private async queryOf(turn: AnswerTurn): Promise<string> {
    const { task, messages } = turn;
    const asked = task.options.web_search;
    if (typeof asked === 'object') return asked.query;
    const question = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const today = new Date(this.clock.now()).toISOString().slice(0, 10);
    const written = await turn.ask({
      messages: queryPrompt(messages, today),
      maxTokens: QUERY_TOKENS,
      temperature: 0,
    });
    return queryFrom(written, question);
  }
}

function isWanted(option: WebSearchOption | undefined): boolean {
  return option !== undefined && option !== false;
}
