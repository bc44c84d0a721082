import {
  answerOptions,
  isFinalState,
  type AnswerOptions,
  type EndEvent,
  type Message,
  type ThinkSetting,
} from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ModelsService } from '../models/models.service.ts';
import type { ChatRow } from './chat.entity.ts';
import { ChatsRepository, type ChatTurn } from './chats.repository.ts';
import type { MessageRow } from './message.entity.ts';
import type { MessageEnd } from './message-end.ts';
import { MessagesRepository } from './messages.repository.ts';
import { replyRow, userMessageRow } from './new-messages.ts';
import { titleFrom } from './title.ts';
import { messageView, storedThink } from './views.ts';

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
}

export interface NewExchange {
  readonly userId: number;
  readonly chatId: number;
  readonly content: string;
  /** Also becomes the model of the chat. */
  readonly model: string | undefined;
}

export interface EndedReply {
  readonly replyId: number;
  readonly end: EndEvent;
}

/** One thing said in the conversation, as the model is told it. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** Exact number of tokens, where an engine has counted them. */
  readonly tokens: number | null;
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
   * @throws AppError `chat.not_found`, `chat.busy`, `chat.model_required`, `model.unknown`
   */
  begin(exchange: NewExchange): Promise<{ message: Message; reply: Message; task: ReplyTask }> {
    return this.withFreshModels(() => this.chats.turn((turn) => this.store(turn, exchange)));
  }

  /**
   * Replaces the latest answer of a chat by a new one, still to be made, to the same question.
   *
   * @throws AppError `chat.not_found`, `chat.message_not_found`, `reply.not_latest`, `chat.busy`, `model.unknown`
   */
  again(userId: number, chatId: number, messageId: number): Promise<{ reply: Message; task: ReplyTask }> {
    return this.withFreshModels(() =>
      this.chats.turn(async (turn) => {
        const now = this.clock.now();
        const chat = await turn.change({ userId, chatId, now });
        if (chat === null) throw new AppError('chat.not_found', { chatId });
        const old = await this.latestAnswer(turn, chatId, messageId);
        if (!isFinalState(old.state)) throw new AppError('chat.busy', { chatId });
        const model = this.models.accept(chat.model ?? old.model);
        await turn.removeMessage(old.id, now);
        const reply = await turn.add(
          replyRow({ chatId, parentId: old.parentId, model, options: { use_cache: false }, now }),
        );
        await turn.setLeaf(chatId, reply.id);
        return { reply: messageView(reply), task: taskOf(chat, reply, model) };
      }),
    );
  }

  /** @throws AppError `reply.not_found` */
  async reply(userId: number, replyId: number): Promise<Message> {
    const row = await this.messages.findReply(userId, replyId);
    if (row === null) throw new AppError('reply.not_found', { replyId });
    return messageView(row);
  }

  /** What was said before a reply, newest first, in pages: the model's memory may be shorter than the chat. */
  async *before(chatId: number, replyId: number): AsyncGenerator<Turn, void, undefined> {
    for (let from = replyId; ;) {
      const page = await this.messages.before(chatId, from, HISTORY_PAGE);
      for (const { role, content, completionTokens } of page)
        yield { role, content, tokens: completionTokens };
      const oldest = page.at(-1);
      if (oldest === undefined || page.length < HISTORY_PAGE) return;
      from = oldest.id;
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
      const { id, state, error, timeline, usage } = messageView(row);
      if (state !== 'done' && state !== 'failed' && state !== 'cancelled') return [];
      const { code, say } = error ?? { code: null, say: null };
      return [{ replyId: id, end: { type: 'end', state, code, say, timeline, usage } }];
    });
  }

  private async store(
    turn: ChatTurn,
    { userId, chatId, content, model: asked }: NewExchange,
  ): Promise<{ message: Message; reply: Message; task: ReplyTask }> {
    const now = this.clock.now();
    const chat = await turn.change({ userId, chatId, now });
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    const model = this.models.accept(asked ?? chat.model);
    if (await turn.hasUnfinishedReply(chatId)) throw new AppError('chat.busy', { chatId });
    if (asked !== undefined && chat.model !== model) await turn.setModel(chatId, model);
    await turn.titleOnce(chat, titleFrom(content));
    const message = await turn.add(
      userMessageRow({ chatId, parentId: chat.leafId, kind: 'text', content, now }),
    );
    const reply = await turn.add(replyRow({ chatId, parentId: message.id, model, options: {}, now }));
    await turn.setLeaf(chatId, reply.id);
    return { message: messageView(message), reply: messageView(reply), task: taskOf(chat, reply, model) };
  }

  private async latestAnswer(turn: ChatTurn, chatId: number, messageId: number): Promise<MessageRow> {
    const named = await turn.message(chatId, messageId);
    if (named === null) throw new AppError('chat.message_not_found', { chatId, messageId });
    const latest = await turn.lastMessage(chatId);
    if (latest?.id !== named.id || named.role !== 'assistant' || named.kind !== 'text') {
      throw new AppError('reply.not_latest', { chatId, messageId });
    }
    return named;
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

function taskOf(chat: ChatRow, reply: MessageRow, model: string): ReplyTask {
  const options = answerOptions.catch({}).parse(reply.options ?? {});
  return {
    replyId: reply.id,
    chatId: chat.id,
    userId: chat.userId,
    model,
    attempt: reply.attempt,
    temperature: chat.temperature,
    maxTokens: chat.maxTokens,
    systemPrompt: chat.systemPrompt,
    topP: chat.topP,
    think: options.think ?? storedThink(chat.think),
    options,
  };
}
