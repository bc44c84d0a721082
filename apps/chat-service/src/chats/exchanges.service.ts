import type { AnswerOptions, Message, MessageDetails } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { ExperimentsService } from '../experiments/experiments.service.ts';
import type { Side } from '../experiments/sides.ts';
import { ModelsService, type ModelWish } from '../models/models.service.ts';
import { BranchesRepository } from './branches.repository.ts';
import type { ChatRow } from './chat.entity.ts';
import { ChatsRepository, type ChatTurn, type NewChat } from './chats.repository.ts';
import type {
  AnotherReply,
  BegunExchange,
  BegunReply,
  EndedReply,
  NewExchange,
  NewReply,
  Place,
  ReplyTask,
  ReplyWish,
  Turn,
} from './exchange.ts';
import { withFreshModels } from './fresh-models.ts';
import type { MessageRow } from './message.entity.ts';
import type { MessageEnd } from './message-end.ts';
import { MessagesRepository, type SaidRow } from './messages.repository.ts';
import { replyRow, userMessageRow } from './new-messages.ts';
import { attachmentsOf, detailsOf, messageView, optionsOf, storedThink, systemPromptOf } from './views.ts';

export type { AnotherReply, EndedReply, NewExchange, NewReply, ReplyTask, Turn } from './exchange.ts';

/** What a user says and what is answered: the rules of taking a message in, and the stored life of a reply. */
@Injectable()
export class ExchangesService {
  private readonly chats: ChatsRepository;
  private readonly messages: MessagesRepository;
  private readonly branches: BranchesRepository;
  private readonly models: Pick<ModelsService, 'choose' | 'refresh'>;
  private readonly clock: Clock;
  private readonly experiments: Pick<ExperimentsService, 'choose'> | null;

  constructor(
    chats: ChatsRepository,
    messages: MessagesRepository,
    branches: BranchesRepository,
    @Inject(ModelsService) models: Pick<ModelsService, 'choose' | 'refresh'>,
    @Inject(CLOCK) clock: Clock,
    @Optional() @Inject(ExperimentsService) experiments: Pick<ExperimentsService, 'choose'> | null = null,
  ) {
    this.chats = chats;
    this.messages = messages;
    this.branches = branches;
    this.models = models;
    this.clock = clock;
    this.experiments = experiments;
  }

  /**
   * Stores the user's message and a reply in state `queued`.
   *
   * @throws AppError `chat.not_found`, `chat.message_not_found`, `chat.busy`, `chat.model_required`, `model.unknown`
   */
  begin(exchange: NewExchange): Promise<BegunExchange> {
    return withFreshModels(this.models, () =>
      this.chats.turn(async (turn) => this.store(turn, await this.enter(turn, exchange), exchange)),
    );
  }

  /** The same in a chat that is created with it: all or nothing. */
  beginNew(
    chat: NewChat,
    exchange: Omit<NewExchange, 'userId' | 'chatId' | 'hidden' | keyof Place>,
  ): Promise<BegunExchange & { readonly chat: ChatRow }> {
    const { userId } = chat;
    return withFreshModels(this.models, () =>
      this.chats.turn(async (turn) => {
        const row = await turn.create(chat, this.clock.now());
        const begun = await this.store(turn, row, { ...exchange, userId, chatId: row.id });
        return { ...begun, chat: row };
      }),
    );
  }

  /**
   * Stores a reply in state `queued` that follows a message which is there already.
   *
   * @throws as `begin`
   */
  beginReply(wanted: NewReply): Promise<BegunReply> {
    return withFreshModels(this.models, () =>
      this.chats.turn(async (turn) => {
        const chat = await this.enter(turn, wanted);
        const { parentId } = wanted;
        if (parentId !== null) await messageOf(turn, chat.id, parentId);
        const { model: named, chosen, options = {}, details, leaf } = wanted;
        const choice = this.choose(chat, { named, usual: chat.model, chosen, options, details });
        return this.storeReply(turn, chat, { ...choice, options, leaf }, parentId);
      }),
    );
  }

  /**
   * Answers the same question again, in a version beside the old answer, which stays.
   *
   * @throws as `begin`
   */
  again(wanted: AnotherReply): Promise<BegunReply> {
    const { userId, chatId, messageId, model } = wanted;
    return withFreshModels(this.models, () =>
      this.chats.turn(async (turn) => {
        const chat = await this.enter(turn, { userId, chatId });
        const old = await messageOf(turn, chatId, messageId);
        if (old.role !== 'assistant' || old.kind !== 'text') {
          throw new AppError('chat.message_not_found', { chatId, messageId });
        }
        const options = optionsAgain(old, wanted);
        const { speaker } = detailsOf(old);
        const question = old.parentId === null ? null : await turn.message(chatId, old.parentId);
        const chosen = this.choose(chat, {
          named: model,
          usual: chat.model ?? old.model,
          isDeliberate: model !== undefined,
          chosen: wanted.chosen,
          options,
          details: { ...wanted.details, ...(speaker ? { speaker } : {}) },
          needsVision: question !== null && attachmentsOf(question).length > 0,
        });
        const begun = await this.storeReply(turn, chat, { ...chosen, options }, old.parentId);
        const siblings = await turn.siblings(old);
        return { ...begun, reply: { ...begun.reply, siblings } };
      }),
    );
  }

  /** @throws AppError `chat.not_found` for a chat of any kind that is not this user's */
  async mustHaveChat(userId: number, chatId: number): Promise<void> {
    if (!(await this.chats.has(userId, chatId))) throw new AppError('chat.not_found', { chatId });
  }

  /** @throws AppError `reply.not_found` */
  async reply(userId: number, replyId: number): Promise<Message> {
    const row = await this.messages.findReply(userId, replyId);
    if (row === null) throw new AppError('reply.not_found', { replyId });
    return messageView(row, await this.messages.siblings(row));
  }

  /**
   * What was said before a reply on its own branch, newest first, in pages: the model's memory may be shorter than the
   * chat. Pictures that were made and answers that stayed empty are left out.
   */
  async *before(chatId: number, replyId: number): AsyncGenerator<Turn, void, undefined> {
    for (let wanted: number | null = replyId; wanted !== null;) {
      const page = await this.messages.upTo(chatId, wanted, HISTORY_PAGE);
      const from: number = wanted;
      for (const said of page) {
        if (said.id !== wanted) continue;
        wanted = said.parentId;
        if (said.id !== replyId && said.kind === 'text' && said.content !== '') yield turnOf(said);
      }
      // A parent that is not there: the beginning, as far as anybody can tell.
      if (wanted === from) return;
    }
  }

  /** How many texts a branch has from a message on towards its beginning. */
  countTo(chatId: number, messageId: number): Promise<number> {
    return this.branches.count(chatId, messageId);
  }

  /** False when the reply had ended before: the first end stands. */
  finish(replyId: number, end: MessageEnd): Promise<boolean> {
    return this.messages.finish(replyId, 'text', end, this.clock.now());
  }

  startAttempt(replyId: number, attempt: number): Promise<void> {
    return this.messages.setAttempt(replyId, attempt);
  }

  isUnfinished(replyId: number): Promise<boolean> {
    return this.messages.isUnfinished(replyId);
  }

  /** Replies that an earlier process left behind; `isAbandoned` when their chat was deleted meanwhile. */
  async leftBehind(): Promise<{ task: ReplyTask; isAbandoned: boolean }[]> {
    const unfinished = await this.messages.unfinishedReplies('text');
    return unfinished.map(({ message, chat }) => ({
      task: taskOf(chat, message, message.model ?? ''),
      isAbandoned: chat.deletedAt !== null || message.model === null,
    }));
  }

  /** The newest replies that have an end: their logs may lack it. */
  async recentlyEnded(): Promise<EndedReply[]> {
    const rows = await this.messages.recentReplies(RECENT_REPLIES);
    return rows.flatMap((row) => {
      const { id, state, error, timeline, usage, details } = messageView(row);
      if (state !== 'done' && state !== 'failed' && state !== 'cancelled') return [];
      const { code, say } = error ?? { code: null, say: null };
      return [{ replyId: id, end: { type: 'end', state, code, say, timeline, usage, details } }];
    });
  }

  /** The chat, locked for this transaction. Replies of a batch are made side by side, all others one at a time. */
  private async enter(
    turn: ChatTurn,
    { userId, chatId, hidden = false }: Pick<NewReply, 'userId' | 'chatId' | 'hidden'>,
  ): Promise<ChatRow> {
    const chat = await turn.change({ userId, chatId, hidden, now: this.clock.now() });
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    if (chat.kind !== 'batch' && (await turn.hasUnfinishedReply(chatId))) {
      throw new AppError('chat.busy', { chatId });
    }
    return chat;
  }

  private async store(turn: ChatTurn, chat: ChatRow, exchange: NewExchange): Promise<BegunExchange> {
    const { content, model: named, chosen, options = {}, details, attachments = [] } = exchange;
    const needsVision = attachments.length > 0;
    const choice = this.choose(chat, {
      named,
      usual: chat.model,
      chosen,
      options,
      details,
      needsVision,
    });
    const parentId = await parentOf(turn, chat, exchange);
    // What the CPU engine uses is no choice for the GPU.
    const isTheChats = named !== undefined && chosen === undefined && options.engine !== 'local';
    if (isTheChats && chat.model !== choice.asked) await turn.setModel(chat.id, choice.asked);
    await turn.take(chat, content);
    const now = this.clock.now();
    const message = await turn.add(
      userMessageRow({
        chatId: chat.id,
        parentId,
        kind: 'text',
        content,
        attachments: needsVision ? attachments : null,
        now,
      }),
    );
    const begun = await this.storeReply(turn, chat, { ...choice, options }, message.id);
    // At the end of the shown branch nothing stands beside it.
    const isAtEnd = exchange.replaces === undefined && exchange.parentId === undefined;
    const siblings = isAtEnd ? [message.id] : await turn.siblings(message);
    return { ...begun, message: messageView(message, siblings) };
  }

  /** What answers, and what is to be told about the choice. */
  private choose(chat: ChatRow, wish: ChoiceWish): Choice {
    const { named, usual, chosen, options, details = {}, needsVision = false } = wish;
    if (chosen !== undefined) {
      const { model, experimentId = null } = chosen;
      return { asked: model, model, experimentId, details };
    }
    const wanted = {
      named,
      usual,
      taskType: options.task_type,
      think: options.think ?? storedThink(chat.think),
      needsVision,
      engine: options.engine,
    };
    const { model, routing } = this.models.choose(wanted);
    const isByName = routing === null && options.engine !== 'local' && wish.isDeliberate !== true;
    const side = isByName ? (this.experiments?.choose(chat.id, model) ?? null) : null;
    const compared = side === null ? null : this.compared(model, side, wanted);
    if (compared !== null) return { asked: model, ...compared, details: { ...details, ...compared.details } };
    return {
      asked: model,
      model,
      experimentId: null,
      details: routing === null ? details : { ...details, routing },
    };
  }

  /** The model of the chat's side of a comparison; null when the variant cannot answer this, so that nothing is compared. */
  private compared(asked: string, side: Side, wanted: ModelWish): Omit<Choice, 'asked'> | null {
    const { experimentId, isVariant } = side;
    const details = { experiment_id: experimentId };
    if (!isVariant) return { model: asked, experimentId, details };
    try {
      const { model } = this.models.choose({ ...wanted, named: side.model });
      const routing = { asked, answered: model, because: 'experiment' } as const;
      return { model, experimentId, details: { ...details, routing } };
    } catch (error) {
      if (error instanceof AppError) return null;
      throw error;
    }
  }

  private async storeReply(
    turn: ChatTurn,
    chat: ChatRow,
    wish: Choice & { readonly options: AnswerOptions; readonly leaf?: NewReply['leaf'] },
    parentId: number | null,
  ): Promise<BegunReply> {
    const { leaf = 'move', ...made } = wish;
    const reply = await turn.add(replyRow({ ...made, chatId: chat.id, parentId, now: this.clock.now() }));
    if (leaf === 'move') await turn.setLeaf(chat.id, reply.id);
    return { reply: messageView(reply), task: taskOf(chat, reply, made.model) };
  }
}

interface ChoiceWish extends Pick<ReplyWish, 'chosen' | 'details'> {
  readonly named: string | undefined;
  readonly usual: string | null;
  readonly options: AnswerOptions;
  readonly needsVision?: boolean;
  /** Somebody wants another answer by just this model: he gets it, whatever is compared. */
  readonly isDeliberate?: boolean;
}

interface Choice {
  /** What the user asked for: the model of the chat. */
  readonly asked: string;
  /** What answers. */
  readonly model: string;
  readonly experimentId: number | null;
  readonly details: MessageDetails;
}

const HISTORY_PAGE = 40;
/** More than can end in the moment in which a process dies. */
const RECENT_REPLIES = 64;

/** As the old answer was asked for, but never an answer that was given before. */
function optionsAgain(old: MessageRow, { model, engine, think }: AnotherReply): AnswerOptions {
  const { task_type: taskType, ...before } = optionsOf(old);
  return {
    ...before,
    use_cache: false,
    // Whoever names a model has chosen: the kind of work does not choose any more.
    ...(taskType === undefined || model !== undefined ? {} : { task_type: taskType }),
    ...(engine === undefined ? {} : { engine }),
    ...(think === undefined ? {} : { think }),
  };
}

/** The message that a new one follows. */
async function parentOf(turn: ChatTurn, chat: ChatRow, place: Place): Promise<number | null> {
  const { replaces, parentId } = place;
  if (replaces !== undefined) {
    const old = await messageOf(turn, chat.id, replaces);
    if (old.role === 'user') return old.parentId;
    throw new AppError(
      'request.invalid',
      { chatId: chat.id, messageId: replaces },
      { issues: [{ path: 'replaces', message: 'must be a message of yours, not an answer' }] },
    );
  }
  if (parentId === undefined) return chat.leafId;
  return parentId === null ? null : (await messageOf(turn, chat.id, parentId)).id;
}

async function messageOf(turn: ChatTurn, chatId: number, messageId: number): Promise<MessageRow> {
  const message = await turn.message(chatId, messageId);
  if (message === null) throw new AppError('chat.message_not_found', { chatId, messageId });
  return message;
}

function turnOf(said: SaidRow): Turn {
  const { id, role, content, model, completionTokens, promptTokens, editedAt, thinking } = said;
  // What a model thinks counts as part of its answer, and is not told to anybody again.
  const isCounted = role === 'assistant' && editedAt === null && thinking === null;
  const wasCut = Boolean(detailsOf(said).truncation);
  return {
    messageId: id,
    role,
    content,
    model,
    isEdited: editedAt !== null,
    tokens: isCounted ? completionTokens : null,
    promptTokens: role === 'assistant' && !wasCut ? promptTokens : null,
    imageIds: role === 'user' ? attachmentsOf(said).map(({ image_id: imageId }) => imageId) : [],
    speaker: detailsOf(said).speaker ?? null,
  };
}

function taskOf(chat: ChatRow, reply: MessageRow, model: string): ReplyTask {
  const options = optionsOf(reply);
  const details = detailsOf(reply);
  return {
    replyId: reply.id,
    chatId: chat.id,
    userId: chat.userId,
    model,
    attempt: reply.attempt,
    temperature: chat.temperature,
    maxTokens: chat.maxTokens,
    systemPrompt: systemPromptOf(chat, details),
    topP: chat.topP,
    think: options.think ?? storedThink(chat.think),
    options,
    details,
    routing: details.routing ?? null,
    kind: chat.kind,
  };
}
