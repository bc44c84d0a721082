import type {
  AnswerOptions,
  Attachment,
  EndEvent,
  Message,
  MessageDetails,
  ThinkSetting,
} from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ModelsService } from '../models/models.service.ts';
import type { ChatRow } from './chat.entity.ts';
import { ChatsRepository, type ChatTurn, type NewChat } from './chats.repository.ts';
import type { MessageRow } from './message.entity.ts';
import type { MessageEnd } from './message-end.ts';
import { MessagesRepository, type SaidRow } from './messages.repository.ts';
import { replyRow, userMessageRow } from './new-messages.ts';
import { titleFrom } from './title.ts';
import { attachmentsOf, detailsOf, messageView, optionsOf, storedThink, systemPromptOf } from './views.ts';

/** A reply that is to be made: everything its maker needs to know, so that nothing has to be read again. */
export interface ReplyTask {
  readonly replyId: number;
  readonly chatId: number;
  readonly userId: number;
  readonly model: string;
  readonly attempt: number;
  readonly temperature: number | null;
  readonly maxTokens: number | null;
  readonly systemPrompt: string | null;
  readonly topP: number | null;
  /** Of this message, else of the chat; null leaves it to the model. */
  readonly think: ThinkSetting | null;
  readonly options: AnswerOptions;
  /** What the row's details said before the answer began: routing, or who speaks in a chat between models. */
  readonly details: MessageDetails;
  readonly kind: ChatRow['kind'];
}

/** What a reply is made with. */
export interface ReplyWish {
  /** By the user's own choice; also becomes the model of the chat. Checked against what is installed. */
  readonly model?: string | undefined;
  /** For this reply only, and taken as it is: whoever chose it (routing, an engine of its own) has checked it. */
  readonly chosen?: { readonly model: string; readonly experimentId?: number | null } | undefined;
  readonly options?: AnswerOptions | undefined;
  /** Known before the answer begins: routing, or who speaks. */
  readonly details?: MessageDetails | undefined;
}

/** Where a message goes: without both, to the end of the shown branch. */
export interface Place {
  /** A message that this one is another version of. */
  readonly replaces?: number | undefined;
  /** The message that this one follows; null begins a branch at the root. */
  readonly parentId?: number | null | undefined;
}

export interface NewExchange extends ReplyWish, Place {
  readonly userId: number;
  readonly chatId: number;
  readonly content: string;
  /** Pictures that the model is shown; whoever asks has checked whose they are. */
  readonly attachments?: readonly Attachment[] | undefined;
  /** A chat that is in no list: public routes never say so. */
  readonly hidden?: boolean | undefined;
}

/** A reply without a question of its own: an item of a batch, a turn in a chat between models. */
export interface NewReply extends ReplyWish {
  readonly userId: number;
  readonly chatId: number;
  readonly parentId: number | null;
  readonly hidden?: boolean | undefined;
  /** `stay`: the shown branch is left as it is. */
  readonly leaf?: 'move' | 'stay' | undefined;
}

export interface AnotherReply extends Pick<ReplyWish, 'model' | 'chosen' | 'details'> {
  readonly userId: number;
  readonly chatId: number;
  readonly messageId: number;
  readonly engine?: AnswerOptions['engine'];
  readonly think?: ThinkSetting | undefined;
}

export interface BegunReply {
  readonly reply: Message;
  readonly task: ReplyTask;
}
export interface BegunExchange extends BegunReply {
  readonly message: Message;
}

export interface EndedReply {
  readonly replyId: number;
  readonly end: EndEvent;
}

/** One thing said in the conversation, as the model is told it. */
export interface Turn {
  readonly messageId: number;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** Exact number of tokens, where an engine has counted them and nobody has changed the words since. */
  readonly tokens: number | null;
  /** Of an answer: what the engine counted for everything that came before it, or null. */
  readonly promptTokens: number | null;
  /** The user's pictures of this turn. */
  readonly imageIds: readonly number[];
  /** Who spoke, in a chat between models. */
  readonly speaker: number | null;
}

/** What a user says and what is answered: the rules of taking a message in, and the stored life of a reply. */
@Injectable()
export class ExchangesService {
  private readonly chats: ChatsRepository;
  private readonly messages: MessagesRepository;
  private readonly models: ModelsService;
  private readonly clock: Clock;

  constructor(
    chats: ChatsRepository,
    messages: MessagesRepository,
    models: ModelsService,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.chats = chats;
    this.messages = messages;
    this.models = models;
    this.clock = clock;
  }

  /**
   * Stores the user's message and a reply in state `queued`.
   *
   * @throws AppError `chat.not_found`, `chat.message_not_found`, `chat.busy`, `chat.model_required`, `model.unknown`
   */
  begin(exchange: NewExchange): Promise<BegunExchange> {
    return this.withFreshModels(() =>
      this.chats.turn(async (turn) => this.store(turn, await this.enter(turn, exchange), exchange)),
    );
  }

  /** The same in a chat that is created with it: all or nothing. */
  beginNew(
    chat: NewChat,
    exchange: Omit<NewExchange, 'userId' | 'chatId' | 'hidden' | keyof Place>,
  ): Promise<BegunExchange & { readonly chat: ChatRow }> {
    const { userId } = chat;
    return this.withFreshModels(() =>
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
    return this.withFreshModels(() =>
      this.chats.turn(async (turn) => {
        const chat = await this.enter(turn, wanted);
        const { parentId } = wanted;
        if (parentId !== null) await messageOf(turn, chat.id, parentId);
        return this.storeReply(turn, chat, wanted, parentId);
      }),
    );
  }

  /**
   * Answers the same question again, in a version beside the old answer, which stays.
   *
   * @throws as `begin`
   */
  again(wanted: AnotherReply): Promise<BegunReply> {
    const { userId, chatId, messageId, model, chosen, engine, think } = wanted;
    return this.withFreshModels(() =>
      this.chats.turn(async (turn) => {
        const chat = await this.enter(turn, { userId, chatId });
        const old = await messageOf(turn, chatId, messageId);
        if (old.role !== 'assistant' || old.kind !== 'text') {
          throw new AppError('chat.message_not_found', { chatId, messageId });
        }
        const { task_type: taskType, ...before } = optionsOf(old);
        const options: AnswerOptions = {
          ...before,
          use_cache: false,
          // Whoever names a model has chosen: the kind of work does not choose any more.
          ...(taskType === undefined || model !== undefined ? {} : { task_type: taskType }),
          ...(engine === undefined ? {} : { engine }),
          ...(think === undefined ? {} : { think }),
        };
        const { speaker } = detailsOf(old);
        const details = { ...wanted.details, ...(speaker ? { speaker } : {}) };
        const mine = chosen ?? { model: this.models.accept(model ?? chat.model ?? old.model) };
        return this.storeReply(turn, chat, { chosen: mine, options, details }, old.parentId);
      }),
    );
  }

  /** @throws AppError `reply.not_found` */
  async reply(userId: number, replyId: number): Promise<Message> {
    const row = await this.messages.findReply(userId, replyId);
    if (row === null) throw new AppError('reply.not_found', { replyId });
    return messageView(row);
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
    const { content, attachments } = exchange;
    const now = this.clock.now();
    const parentId = await parentOf(turn, chat, exchange);
    await turn.titleOnce(chat, titleFrom(content));
    const message = await turn.add(
      userMessageRow({ chatId: chat.id, parentId, kind: 'text', content, attachments, now }),
    );
    const begun = await this.storeReply(turn, chat, exchange, message.id);
    return { ...begun, message: messageView(message) };
  }

  private async storeReply(
    turn: ChatTurn,
    chat: ChatRow,
    wish: ReplyWish & Pick<NewReply, 'leaf'>,
    parentId: number | null,
  ): Promise<BegunReply> {
    const { model: asked, chosen, options = {}, details = {}, leaf = 'move' } = wish;
    const model = chosen?.model ?? this.models.accept(asked ?? chat.model);
    if (asked !== undefined && chosen === undefined && chat.model !== model) {
      await turn.setModel(chat.id, model);
    }
    const experimentId = chosen?.experimentId ?? null;
    const now = this.clock.now();
    const reply = await turn.add(
      replyRow({ chatId: chat.id, parentId, model, options, details, experimentId, now }),
    );
    if (leaf === 'move') await turn.setLeaf(chat.id, reply.id);
    return { reply: messageView(reply), task: taskOf(chat, reply, model) };
  }

  /** A model may have been installed since the list was read: nobody is refused by an old list. */
  private async withFreshModels<T>(store: () => Promise<T>): Promise<T> {
    try {
      return await store();
    } catch (error) {
      if (codeOf(error) !== 'model.unknown' || !(await this.models.refresh())) throw error;
      return store();
    }
  }
}

const HISTORY_PAGE = 40;
/** More than can end in the moment in which a process dies. */
const RECENT_REPLIES = 64;

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
  const { id, role, content, completionTokens, promptTokens, editedAt } = said;
  const isAsCounted = role === 'assistant' && editedAt === null;
  return {
    messageId: id,
    role,
    content,
    tokens: isAsCounted ? completionTokens : null,
    promptTokens: isAsCounted ? promptTokens : null,
    imageIds: role === 'user' ? attachmentsOf(said).map(({ image_id: imageId }) => imageId) : [],
    speaker: detailsOf(said).speaker?.index ?? null,
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
    kind: chat.kind,
  };
}
