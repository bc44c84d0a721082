import type { ServerModel } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { CLOCK, Log, Metrics } from '@baton/platform';
import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ChatsService } from '../chats/chats.service.ts';
import { ExchangesService } from '../chats/exchanges.service.ts';
import { briefly } from '../engines/brief-answer.ts';
import type { EngineMessage } from '../engines/chat-engine.ts';
import { ModelsService } from '../models/models.service.ts';
import type { AnswerPlace, Seat } from '../places/answer-place.ts';
import { PlacesService } from '../places/places.service.ts';
import type { EndedAnswer } from '../replies/answer-hooks.ts';
import { EndingsService } from '../replies/endings.service.ts';
import { REPLY_SETTINGS, TITLE_SETTINGS, type ReplySettings, type TitleSettings } from '../tokens.ts';
import { titleOf, titlePrompt } from './title-text.ts';

type Untitled = Pick<EndedAnswer, 'task' | 'end' | 'text'>;

/** Where a title can be made without anything being loaded for it. */
interface Way {
  readonly place: AnswerPlace;
  readonly model: string;
}

/** Titles under way at a time, and how many more may wait: a chat keeps the beginning of its question otherwise. */
const MAX_RUNNING = 2;
const MAX_WAITING = 50;
/** How long a place may take to have time for a chore: the first one shorter, when there is another. */
const WAIT_MS = 180_000;
const WAIT_WITH_ANOTHER_MS = 45_000;
/** A title that takes longer is none. */
const MAKE_MS = 60_000;
const ESTIMATE_MS = 1_500;
const MAX_TOKENS = 40;
const TEMPERATURE = 0.3;
/** Later answers are not tried any more. */
const TRIED_ANSWERS = 3;

/**
 * Short titles for new chats, made by a model that is loaded anyway: never does the GPU change hands for one. Nothing waits
 * for it, nothing fails by it, and one that is lost is not missed.
 */
@Injectable()
export class TitlesService implements OnModuleInit, OnModuleDestroy {
  private readonly chats: ChatsService;
  private readonly exchanges: ExchangesService;
  private readonly places: PlacesService;
  private readonly models: ModelsService;
  private readonly endings: EndingsService;
  private readonly settings: TitleSettings;
  private readonly replySettings: ReplySettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly count: (outcome: 'made' | 'none') => void;
  private readonly closing = new AbortController();
  private readonly waiting: Untitled[] = [];
  private readonly running = new Set<Promise<void>>();

  constructor(
    chats: ChatsService,
    exchanges: ExchangesService,
    places: PlacesService,
    models: ModelsService,
    endings: EndingsService,
    @Inject(TITLE_SETTINGS) settings: TitleSettings,
    @Inject(REPLY_SETTINGS) replySettings: ReplySettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
    metrics: Metrics,
  ) {
    this.chats = chats;
    this.exchanges = exchanges;
    this.places = places;
    this.models = models;
    this.endings = endings;
    this.settings = settings;
    this.replySettings = replySettings;
    this.clock = clock;
    this.log = log;
    const counter = metrics.counter({
      name: 'baton_chat_titles_total',
      help: 'Titles for new chats that a model was to make, by what came of it',
      labelNames: ['outcome'],
    });
    this.count = (outcome) => counter.inc({ outcome });
  }

  onModuleInit(): void {
    if (this.settings.isEnabled) this.endings.onEnd((ended) => this.consider(ended));
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    this.waiting.length = 0;
    await Promise.all(this.running);
  }

  private consider({ task, end, text }: EndedAnswer): void {
    if (end.state !== 'done' || task.kind !== 'chat' || text === '' || this.closing.signal.aborted) return;
    if (this.waiting.length >= MAX_WAITING) this.waiting.shift();
    // Not the prompt: its pictures would stay in memory for as long as a title waits.
    this.waiting.push({ task, end, text });
    this.goOn();
  }

  private goOn(): void {
    while (this.running.size < MAX_RUNNING) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      const work = this.give(next).catch((error: unknown) => {
        if (!this.closing.signal.aborted) this.log.error('chat.title', error, { chatId: next.task.chatId });
      });
      this.running.add(work);
      void work.finally(() => {
        this.running.delete(work);
        this.goOn();
      });
    }
  }

  private async give({ task, end, text }: Untitled): Promise<void> {
    const { chatId, userId, replyId } = task;
    if (!(await this.chats.isTitleOpen(userId, chatId))) return;
    const question = await this.questionOf(chatId, replyId);
    if (question === null) return;
    const title = await this.make(
      task,
      this.ways(end.details?.instance ?? null, end),
      titlePrompt(question, text),
    );
    const isStored = title !== '' && (await this.chats.setModelTitle(chatId, title));
    this.count(isStored ? 'made' : 'none');
    this.log.event('chat.title', { chatId, replyId, outcome: isStored ? 'made' : 'none' });
  }

  /** Null when the chat has gone on for so long that its title is as good as chosen. */
  private async questionOf(chatId: number, replyId: number): Promise<string | null> {
    let question: string | null = null;
    let answers = 1;
    for await (const { role, content } of this.exchanges.before(chatId, replyId)) {
      if (role === 'user') question ??= content;
      else answers += 1;
      if (answers > TRIED_ANSWERS) return null;
    }
    return question;
  }

  /**
   * In this order:
   *   1. where the answer was made, with the model that made it, which is loaded there;
   *   2. the CPU engine;
   *   3. a server elsewhere that has a model loaded.
   */
  private ways(answeredBy: string | null, end: EndedAnswer['end']): Way[] {
    const ways: Way[] = [];
    const add = (place: AnswerPlace | undefined, model: string | null | undefined): void => {
      if (place === undefined || model == null || ways.some((way) => way.place === place)) return;
      ways.push({ place, model });
    };
    const wasAsked = end.details?.engine !== 'cache' && answeredBy !== null;
    if (wasAsked) add(this.places.find(answeredBy), end.timeline.at(-1)?.lane.model);
    for (const place of this.places.all) {
      if (place.kind === 'cpu' && place.view().state === 'up') add(place, place.view().default_model);
    }
    for (const place of this.places.all) {
      if (place.kind !== 'elsewhere' || place.view().state !== 'up') continue;
      const isForChat = ({ loaded, capabilities }: ServerModel): boolean =>
        loaded === true && (capabilities.length === 0 || capabilities.includes('completion'));
      add(place, place.view().models.find(isForChat)?.model);
    }
    return ways;
  }

  /** Empty when nobody had time for it, or nothing usable was said. */
  private async make(
    task: EndedAnswer['task'],
    ways: readonly Way[],
    messages: readonly EngineMessage[],
  ): Promise<string> {
    for (const [index, way] of ways.entries()) {
      const waitMs = index < ways.length - 1 ? WAIT_WITH_ANOTHER_MS : WAIT_MS;
      const jobId = `title-${task.replyId}-${index + 1}`;
      try {
        const title = titleOf(await this.ask({ ...way, task, jobId, waitMs }, messages));
        if (title !== '') return title;
      } catch (error) {
        if (this.closing.signal.aborted) return '';
        this.log.debug('chat.title', { jobId, server: way.place.server, cause: String(error) });
      }
    }
    return '';
  }

  private async ask(
    chore: Way & { readonly task: EndedAnswer['task']; readonly jobId: string; readonly waitMs: number },
    messages: readonly EngineMessage[],
  ): Promise<string> {
    const { place, model, task, jobId, waitMs } = chore;
    const late = new AbortController();
    let cancel = this.clock.after(waitMs, () => late.abort(new Error('nobody had time for it')));
    const signal = AbortSignal.any([this.closing.signal, late.signal]);
    const { userId, chatId, replyId } = task;
    const onWaiting = (): void => undefined;
    const wanted = { jobId, userId, chatId, replyId, model, estimateMs: ESTIMATE_MS, signal, onWaiting };
    try {
      return await place.use({ ...wanted, urgency: 'chore' }, (seat) => {
        cancel();
        cancel = this.clock.after(MAKE_MS, () => late.abort(new Error('it took too long')));
        return this.hear({ place, model }, seat, messages);
      });
    } finally {
      cancel();
    }
  }

  private async hear({ place, model }: Way, seat: Seat, messages: readonly EngineMessage[]): Promise<string> {
    const { contextLength, keepAlive } = this.replySettings;
    const request = {
      model,
      messages,
      contextLength,
      keepAlive,
      temperature: TEMPERATURE,
      topP: null,
      ...briefly(model, { cannotThink: this.models.can(model, 'thinking') === false, maxTokens: MAX_TOKENS }),
      format: null,
    };
    let said = '';
    for await (const output of place.engine.stream(request, seat.door, this.replySettings)) {
      seat.heard();
      if (output.type === 'text') said += output.text;
    }
    return said;
  }
}
