import type { AnswerOptions, AskBody, SentMessage } from '@baton/contracts';
import { AppError, codeOf } from '@baton/kernel';
import { Injectable } from '@nestjs/common';
import { ChatsService } from '../chats/chats.service.ts';
import type { ReplyWish } from '../chats/exchange.ts';
import { ExchangesService } from '../chats/exchanges.service.ts';
import { ModelsService } from '../models/models.service.ts';
import { GenerationService } from '../replies/generation.service.ts';
import { RepliesService } from '../replies/replies.service.ts';
import { SearchService } from '../search/search.service.ts';
import { PLANNING_PROMPT } from './plan-prompt.ts';

/** What is asked when nobody says what kind of work it is. */
const USUAL_TASK = 'general_chat';

/** Questions without a chat: each is a hidden chat of its own, unless it is asked in a session. */
@Injectable()
export class AsksService {
  private readonly exchanges: ExchangesService;
  private readonly replies: RepliesService;
  private readonly generation: GenerationService;
  private readonly chats: ChatsService;
  private readonly models: ModelsService;
  private readonly search: SearchService;

  constructor(
    exchanges: ExchangesService,
    replies: RepliesService,
    generation: GenerationService,
    chats: ChatsService,
    models: ModelsService,
    search: SearchService,
  ) {
    this.exchanges = exchanges;
    this.replies = replies;
    this.generation = generation;
    this.chats = chats;
    this.models = models;
    this.search = search;
  }

  /**
   * Stores the question and begins its answer. Of a pair the first one is the plan, and the answer comes when it is asked
   * again with the plan's id.
   *
   * @throws AppError `search.not_set_up`, `model.*`, `chat.not_found`, `chat.busy`, `reply.not_found`, `request.invalid`
   */
  async begin(userId: number, body: AskBody, planReplyId?: number): Promise<SentMessage> {
    this.search.require(body.web_search);
    if (body.pair && planReplyId === undefined) return this.plan(userId, body);
    if (planReplyId !== undefined) await this.checkPlan(userId, planReplyId);
    const options = optionsOf(body, planReplyId);
    if (body.session_id !== undefined) return this.askIn(body.session_id, userId, body, options);
    return this.askAlone(userId, body, this.wishOf(body, options), body.system_prompt ?? null);
  }

  private plan(userId: number, body: AskBody): Promise<SentMessage> {
    const model = this.models.pair().planning;
    const wish = {
      chosen: { model },
      options: { urgency: 'interactive', use_cache: body.use_cache },
    } as const;
    return this.askAlone(userId, { message: body.message }, wish, PLANNING_PROMPT);
  }

  private async checkPlan(userId: number, planReplyId: number): Promise<void> {
    const { state } = await this.exchanges.reply(userId, planReplyId);
    if (state === 'done') return;
    const issues = [{ path: 'planReplyId', message: 'must be the id of a plan that is done' }];
    throw new AppError('request.invalid', { planReplyId, state }, { issues });
  }

  /** Who answers. Of a pair it is the one that writes, and the answer says so. */
  private wishOf(body: AskBody, options: AnswerOptions): ReplyWish {
    const named = body.model ?? undefined;
    if (options.plan_reply_id === undefined) return { model: named, options };
    const model = named === undefined ? this.models.pair().generation : this.models.choose({ named }).model;
    const asked = named ?? body.task_type ?? USUAL_TASK;
    const routing = { asked, answered: model, because: 'planned_by_pair' } as const;
    return { chosen: { model }, options, details: { routing } };
  }

  private async askAlone(
    userId: number,
    body: Pick<AskBody, 'message' | 'temperature' | 'top_p' | 'max_tokens'>,
    wish: ReplyWish,
    systemPrompt: string | null,
  ): Promise<SentMessage> {
    const { message, reply, task } = await this.exchanges.beginNew(
      {
        userId,
        kind: 'one_shot',
        temperature: body.temperature ?? null,
        top_p: body.top_p ?? null,
        max_tokens: body.max_tokens ?? null,
        system_prompt: systemPrompt,
      },
      { content: body.message, ...wish },
    );
    this.generation.start(task);
    return { message, reply };
  }

  /** As a message of that chat. One that has no model yet gets what is usual, for this question. */
  private async askIn(
    chatId: number,
    userId: number,
    body: AskBody,
    { task_type: taskType, ...options }: AnswerOptions,
  ): Promise<SentMessage> {
    const settings = settingsOf(body);
    if (Object.keys(settings).length > 0) await this.chats.update(userId, chatId, settings);
    const exchange = { userId, chatId, content: body.message, model: body.model ?? undefined };
    const asked = body.task_type === undefined ? {} : { task_type: body.task_type };
    try {
      return await this.replies.send({ ...exchange, options: { ...options, ...asked } });
    } catch (error) {
      if (codeOf(error) !== 'chat.model_required') throw error;
      return this.replies.send({ ...exchange, options: { ...options, task_type: taskType ?? USUAL_TASK } });
    }
  }
}

function optionsOf(body: AskBody, planReplyId: number | undefined): AnswerOptions {
  const isNamed = body.model !== null && body.model !== undefined;
  return {
    urgency: 'interactive',
    use_cache: body.use_cache,
    ...(isNamed ? {} : { task_type: body.task_type ?? USUAL_TASK }),
    ...(body.think === undefined ? {} : { think: body.think }),
    ...(body.format === undefined ? {} : { format: body.format }),
    ...(body.web_search === undefined ? {} : { web_search: body.web_search }),
    ...(planReplyId === undefined ? {} : { plan_reply_id: planReplyId }),
  };
}

/** What is said of these becomes the session's, as it would with `PUT /api/chats/{id}`. */
function settingsOf(body: AskBody) {
  const { temperature, top_p: topP, max_tokens: maxTokens, system_prompt: systemPrompt } = body;
  return {
    ...(temperature == null ? {} : { temperature }),
    ...(topP == null ? {} : { top_p: topP }),
    ...(maxTokens == null ? {} : { max_tokens: maxTokens }),
    ...(systemPrompt == null ? {} : { system_prompt: systemPrompt }),
  };
}
