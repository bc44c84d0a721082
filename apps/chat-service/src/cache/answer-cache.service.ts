import { Metrics } from '@baton/platform';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { ReplyTask } from '../chats/exchange.ts';
import type { EngineMessage } from '../engines/chat-engine.ts';
import { modelKey } from '../models/model-name.ts';
import { PlacesService } from '../places/places.service.ts';
import type { AnsweredBefore, EndedAnswer, ReadyAnswer } from '../replies/answer-hooks.ts';
import { EndingsService } from '../replies/endings.service.ts';
import { CACHE_SETTINGS, type CacheSettings } from '../tokens.ts';
import { answerKey } from './answer-key.ts';
import { AnswersStore } from './answers.store.ts';

type Outcome = 'hit' | 'miss' | 'away' | 'stored' | 'not_stored';

/** What was answered completely before is answered at once: no GPU, no model. Turns of a chat between models never are. */
@Injectable()
export class AnswerCache implements AnsweredBefore, OnModuleInit {
  private readonly store: AnswersStore;
  private readonly endings: EndingsService;
  private readonly places: PlacesService;
  private readonly settings: CacheSettings;
  private readonly count: (outcome: Outcome) => void;

  constructor(
    store: AnswersStore,
    endings: EndingsService,
    places: PlacesService,
    @Inject(CACHE_SETTINGS) settings: CacheSettings,
    metrics: Metrics,
  ) {
    this.store = store;
    this.endings = endings;
    this.places = places;
    this.settings = settings;
    const counter = metrics.counter({
      name: 'baton_answer_cache_total',
      help: 'What the response cache was asked and told, by outcome',
      labelNames: ['outcome'],
    });
    this.count = (outcome) => counter.inc({ outcome });
  }

  onModuleInit(): void {
    if (this.settings.isEnabled) this.endings.onEnd((ended) => this.keep(ended));
  }

  find(task: ReplyTask, prompt: () => Promise<readonly EngineMessage[]>): Promise<ReadyAnswer | null> | null {
    const { use_cache: mayUse = true, engine } = task.options;
    if (!this.settings.isEnabled || !mayUse || engine === 'gpu' || !isCacheable(task)) return null;
    return this.look(task, prompt);
  }

  private async look(
    task: ReplyTask,
    prompt: () => Promise<readonly EngineMessage[]>,
  ): Promise<ReadyAnswer | null> {
    // Why a prompt cannot be read is told by the attempt that reads it again.
    const messages = await prompt().catch(() => null);
    if (messages === null) return null;
    const found = await this.store.read(this.keyOf(task, messages));
    if (found === 'away' || found === null) {
      this.count(found ?? 'miss');
      return null;
    }
    this.count('hit');
    const { text, thinking, usage, instance } = found;
    return { text, thinking, usage, details: { engine: 'cache', instance, stop_reason: 'stop' } };
  }

  /** Complete answers only, by the model that was asked for, to exactly what was asked. */
  private async keep({ task, end, text, thinking, prompt }: EndedAnswer): Promise<void> {
    const { details } = end;
    const model = end.timeline.at(-1)?.lane.model;
    const isComplete = end.state === 'done' && details?.stop_reason === 'stop' && text !== '';
    const isOwn = details?.engine !== 'cache' && model != null && modelKey(model) === modelKey(task.model);
    if (!isComplete || !isOwn || prompt.length === 0 || details.sources != null || !isCacheable(task)) return;
    const answer = { text, thinking, usage: end.usage, instance: details.instance ?? null };
    const isStored = await this.store.write(this.keyOf(task, prompt), answer, this.settings.ttlSeconds);
    this.count(isStored ? 'stored' : 'not_stored');
  }

  private keyOf(task: ReplyTask, messages: readonly EngineMessage[]): string {
    const { userId, model, temperature, topP, maxTokens, think, options } = task;
    return answerKey({
      userId: this.settings.isShared ? null : userId,
      model: modelKey(model),
      build: this.buildOf(model),
      messages,
      temperature,
      topP,
      maxTokens,
      format: options.format ?? null,
      think,
    });
  }

  /** The lists of models tell no digest; a model that was downloaded anew has another size nearly always. */
  private buildOf(model: string): string | null {
    const key = modelKey(model);
    const known = this.places
      .views()
      .flatMap(({ models }) => models)
      .find((one) => modelKey(one.model) === key);
    return known === undefined ? null : `${known.size_bytes} ${known.quantization ?? ''}`;
  }
}

/**
 * What is looked up in the web is wanted as it is now, and an answer by a plan is not the one without; what a chat between
 * models says next is never what it said.
 */
function isCacheable({ options, kind }: ReplyTask): boolean {
  const searches = options.web_search !== undefined && options.web_search !== false;
  return !searches && options.plan_reply_id === undefined && kind !== 'models';
}
