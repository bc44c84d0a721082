import { DurationEstimates } from '@baton/gpu-lease';
import { AppError, codeOf, pause, unlessAborted, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { ExchangesService } from '../chats/exchanges.service.ts';
import { ModelsService } from '../models/models.service.ts';
import type { AnswerPlace } from '../places/answer-place.ts';
import { modelKey } from '../models/model-name.ts';
import { PlacesService, type PlaceWish } from '../places/places.service.ts';
import { isUsable } from '../places/preference.ts';
import { REPLY_SETTINGS, type ReplySettings } from '../tokens.ts';
import type { ActiveReply } from './active-reply.ts';
import { ANSWERED_BEFORE, BEFORE_ANSWER, type AnsweredBefore, type BeforeAnswer } from './answer-hooks.ts';
import { answerAt } from './attempt.ts';
import { PromptsService, type Prompt } from './prompts.service.ts';
import { mayAnotherServerHelp, pauseBeforeRetry } from './retry.ts';
import { Stay } from './stop-receipt.ts';

/** What an answer takes when none has been measured yet. */
const FIRST_GUESS_MS = 8_000;

/** Gets a reply answered: finds a place for it, asks there, and again or elsewhere where that is worth it. */
@Injectable()
export class AttemptsService {
  private readonly estimates = new DurationEstimates(FIRST_GUESS_MS);
  private readonly known = new WeakMap<ActiveReply, KnownPrompt>();
  private readonly exchanges: ExchangesService;
  private readonly places: PlacesService;
  private readonly models: ModelsService;
  private readonly prompts: PromptsService;
  private readonly settings: ReplySettings;
  private readonly clock: Clock;
  private readonly before: BeforeAnswer | null;
  private readonly answeredBefore: AnsweredBefore | null;

  constructor(
    exchanges: ExchangesService,
    places: PlacesService,
    models: ModelsService,
    prompts: PromptsService,
    @Inject(REPLY_SETTINGS) settings: ReplySettings,
    @Inject(CLOCK) clock: Clock,
    @Optional() @Inject(BEFORE_ANSWER) before: BeforeAnswer | null = null,
    @Optional() @Inject(ANSWERED_BEFORE) answeredBefore: AnsweredBefore | null = null,
  ) {
    this.exchanges = exchanges;
    this.places = places;
    this.models = models;
    this.prompts = prompts;
    this.settings = settings;
    this.clock = clock;
    this.before = before;
    this.answeredBefore = answeredBefore;
  }

  /**
   * Null when the answer is complete, else why it is not. Tries again only while nothing of the answer was shown, and
   * not once `closing` is aborted.
   */
  async untilDecided(reply: ActiveReply, closing: AbortSignal): Promise<unknown> {
    const { signal } = reply.stop;
    // Whether it was answered before is good to know and no more: nobody waits for it after a Stop, nothing fails by it.
    if (await unlessAborted(this.isAnsweredBefore(reply), signal).catch(() => false)) return null;
    if (signal.aborted) return signal.reason;
    if (this.before?.isFor(reply.task) === true) this.before.early?.(reply.task, signal);
    let place: AnswerPlace | null = null;
    for (let atThisPlace = 1; ; atThisPlace += 1) {
      try {
        if (place === null) await unlessAborted(this.places.known(wishOf(reply)), signal);
        closing.throwIfAborted();
        const next = this.placeFor(reply, place);
        if (next !== place) atThisPlace = 1;
        place = next;
        await this.attempt(reply, place);
        return formatFailure(reply);
      } catch (error) {
        if (reply.stop.signal.aborted) return signal.reason;
        const pauseMs = reply.hasLeft ? 0 : this.pauseAfter(error, { reply, place, atThisPlace });
        if (pauseMs === null || closing.aborted) return error;
        const failure = await this.prepareNextAttempt(reply, pauseMs, closing);
        if (failure !== null) return failure;
      }
    }
  }

  /** @throws AppError `local.not_set_up`, `server.unknown` */
  move(reply: ActiveReply, server: string): boolean {
    const place = this.places.find(server);
    if (place === undefined) throw new AppError(server === 'local' ? 'local.not_set_up' : 'server.unknown');
    const { models, default_model: usual } = place.view();
    const same = models.find(({ model }) => modelKey(model) === modelKey(reply.task.model));
    const model = same?.model ?? usual ?? models[0]?.model;
    if (model === undefined) throw new AppError(server === 'local' ? 'local.not_set_up' : 'model.unknown');
    if (!reply.moveTo({ server, model })) return false;
    const because = place.kind === 'cpu' ? 'answered_on_cpu' : 'instance_down';
    reply.tellRouting({ asked: reply.asked, answered: model, because });
    return true;
  }

  private async isAnsweredBefore(reply: ActiveReply): Promise<boolean> {
    const { task } = reply;
    const search = this.answeredBefore?.find(task, async () => {
      const { messages } = await this.promptOf(reply, task.model);
      return messages;
    });
    const found = await search;
    if (found == null || reply.stop.signal.aborted) return false;
    reply.give(found);
    return true;
  }

  /** Read once for one model and context: what was looked for among earlier answers is what is asked. */
  private promptOf(reply: ActiveReply, model: string, contextLength?: number): Promise<Prompt> {
    const known = this.known.get(reply);
    if (known?.model === model && known.contextLength === contextLength) return known.prompt;
    const prompt = this.prompts.read(reply.task, model, contextLength);
    this.known.set(reply, { model, contextLength, prompt });
    // Another attempt tries again.
    prompt.catch(() => this.known.delete(reply));
    return prompt;
  }

  /** Where the next attempt is made: where the reply was told to go, where it is, or the best place for its model. */
  private placeFor(reply: ActiveReply, current: AnswerPlace | null): AnswerPlace {
    const { destination, tried } = reply;
    if (destination !== null) {
      const place = this.places.find(destination.server);
      if (place === undefined) throw new AppError('server.unknown', { server: destination.server });
      return place;
    }
    if (current !== null && !tried.has(current.server)) return current;
    return this.places.best(wishOf(reply));
  }

  /** How long to wait before the next attempt, here or at another server; null when the failure is to be told. */
  private pauseAfter(
    error: unknown,
    {
      reply,
      place,
      atThisPlace,
    }: {
      readonly reply: ActiveReply;
      readonly place: AnswerPlace | null;
      readonly atThisPlace: number;
    },
  ): number | null {
    const code = codeOf(error);
    reply.failures.push({ code, instance: place?.server ?? null });
    if (reply.isShown || place === null) return null;
    const pauseMs = pauseBeforeRetry(code, atThisPlace);
    if (pauseMs !== null && isUsable(place.view())) return pauseMs;
    if (mayAnotherServerHelp(code) && this.turnElsewhere(reply, place)) return 0;
    return pauseMs;
  }

  /** Whether another server has the model; the reader is told then who answers, and why. */
  private turnElsewhere(reply: ActiveReply, from: AnswerPlace): boolean {
    if (reply.destination !== null) return false;
    const tried = new Set([...reply.tried, from.server]);
    if (this.places.another({ ...wishOf(reply), tried }) === null) return false;
    reply.tried.add(from.server);
    reply.tellRouting({ asked: reply.asked, answered: reply.model, because: 'instance_down' });
    return true;
  }

  /** Null when the next attempt can begin, under a job id of its own. */
  private async prepareNextAttempt(
    reply: ActiveReply,
    pauseMs: number,
    closing: AbortSignal,
  ): Promise<unknown> {
    reply.progress.queued();
    try {
      if (pauseMs > 0) await pause(this.clock, pauseMs, AbortSignal.any([reply.stop.signal, closing]));
      await this.exchanges.startAttempt(reply.task.replyId, reply.attempt + 1);
      reply.attempt += 1;
      return null;
    } catch (failure) {
      return reply.stop.signal.aborted ? reply.stop.signal.reason : failure;
    }
  }

  private async attempt(reply: ActiveReply, place: AnswerPlace): Promise<void> {
    const { task } = reply;
    const model = reply.destination?.model ?? reply.model;
    const kindOfWork = `${place.server} ${model}`;
    const estimateMs = this.estimates.of(kindOfWork);
    const stay = new Stay(this.clock, { estimateMs, isGpu: place.kind === 'gpu' });
    const signal = reply.enter({ server: place.server, engine: place.engineName, model }, stay);
    const prompt = this.promptOf(reply, model, contextAt(place, model)).then(({ messages, truncation }) => {
      const isNews = truncation != null || reply.details.truncation != null;
      if (isNews && !signal.aborted) reply.note({ truncation });
      return messages;
    });
    prompt.catch(() => undefined);
    const use = {
      engine: place.engine,
      settings: this.settings,
      clock: this.clock,
      before: this.before,
      cannotThink: this.models.can(model, 'thinking') === false,
    };
    const held: Promise<void>[] = [];
    const seated = place.use(
      {
        jobId: reply.jobId,
        userId: task.userId,
        chatId: task.chatId,
        replyId: task.replyId,
        model,
        estimateMs,
        urgency: task.options.urgency ?? 'interactive',
        signal,
        onWaiting: (view) => reply.progress.waiting(view, model),
        onFreed: stay.onFreed,
      },
      async (seat) => {
        // A seat that came together with the end of the wait is given back unused.
        signal.throwIfAborted();
        stay.seated();
        await (held[0] = answerAt(seat, reply, prompt, use));
      },
    );
    try {
      // Whoever pressed Stop sees it at once; giving the place in the queue back may take Redis a while longer.
      await unlessAborted(seated, signal);
    } finally {
      await Promise.allSettled(held);
    }
    if (reply.answerMs !== null) this.estimates.learn(kindOfWork, reply.answerMs);
  }
}

function wishOf({ model, task, tried }: ActiveReply): PlaceWish {
  return { model, engine: task.options.engine ?? 'auto', tried };
}

interface KnownPrompt {
  readonly model: string;
  readonly contextLength: number | undefined;
  readonly prompt: Promise<Prompt>;
}

/** The CPU engine's context is its own; all others have the one that every request names. */
function contextAt(place: AnswerPlace, model: string): number | undefined {
  if (place.kind !== 'cpu') return undefined;
  return place.view().models.find((known) => known.model === model)?.context_length ?? undefined;
}

/** An answer that should be JSON and is none has failed; what was written is kept. */
function formatFailure({ task, text }: ActiveReply): AppError | null {
  if (task.options.format === undefined) return null;
  try {
    JSON.parse(text);
    return null;
  } catch {
    return new AppError('reply.not_json', { chars: text.length });
  }
}
