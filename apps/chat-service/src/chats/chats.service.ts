import {
  type Chat,
  type CreateChatBody,
  type Message,
  type SentMessage,
  type UpdateChatBody,
  addImageMessages,
  listChatsQuery,
} from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ModelsService } from '../models/models.service.ts';
import { BranchesRepository } from './branches.repository.ts';
import { ChatsRepository } from './chats.repository.ts';
import { withFreshModels } from './fresh-models.ts';
import type { MessageEnd } from './message-end.ts';
import { MessagesRepository } from './messages.repository.ts';
import { imageReplyRow, userMessageRow } from './new-messages.ts';
import { decodeCursor, decodeMessageCursor, encodeCursor, encodeMessageCursor } from './page-cursor.ts';
import { chatView, messageView } from './views.ts';

export interface ChatPage {
  readonly chats: Chat[];
  readonly next_cursor: string | null;
}

export interface MessagesQuery {
  readonly limit?: number | undefined;
  readonly before?: string | undefined;
}

export interface ShownChat {
  readonly chat: Chat;
  /** Oldest first. */
  readonly messages: Message[];
  readonly previous_cursor: string | null;
}

/** Messages of a page for callers that do not say how many. */
const USUAL_PAGE = 100;

type NewImageMessages = z.input<typeof addImageMessages.request>;

/** An image request as image-service needs it to go on with it. */
export interface OpenImageMessage {
  readonly messageId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly hasChat: boolean;
  readonly description: string;
  readonly wish: Record<string, unknown>;
}

/** Conversations: what belongs to a user and how it is listed, changed and left. */
@Injectable()
export class ChatsService {
  private readonly chats: ChatsRepository;
  private readonly messages: MessagesRepository;
  private readonly branches: BranchesRepository;
  private readonly models: Pick<ModelsService, 'accept' | 'refresh'>;
  private readonly clock: Clock;

  constructor(
    chats: ChatsRepository,
    messages: MessagesRepository,
    branches: BranchesRepository,
    @Inject(ModelsService) models: Pick<ModelsService, 'accept' | 'refresh'>,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.chats = chats;
    this.messages = messages;
    this.branches = branches;
    this.models = models;
    this.clock = clock;
  }

  /** @throws AppError `request.invalid` for a cursor that we did not give out */
  async list(userId: number, query: z.output<typeof listChatsQuery>): Promise<ChatPage> {
    const after = query.cursor === undefined ? null : decodeCursor(query.cursor);
    // One more than asked for tells whether there is a next page.
    const rows = await this.chats.list({ userId, text: query.q ?? null, after, limit: query.limit + 1 });
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    return {
      chats: page.map(chatView),
      next_cursor: rows.length > page.length && last !== undefined ? encodeCursor(last) : null,
    };
  }

  /** @throws AppError `model.unknown` */
  async create(userId: number, body: CreateChatBody): Promise<Chat> {
    const settings = { ...body, ...(await this.modelOf(body)) };
    return chatView(await this.chats.create(userId, settings, this.clock.now()));
  }

  /**
   * A chat and the newest messages of the branch that is shown, or those before a cursor.
   *
   * @throws AppError `chat.not_found`; `request.invalid` for a cursor that we did not give out
   */
  async get(
    userId: number,
    chatId: number,
    { limit = USUAL_PAGE, before }: MessagesQuery = {},
  ): Promise<ShownChat> {
    const chat = await this.chats.find(userId, chatId);
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    const endId = before === undefined ? chat.leafId : decodeMessageCursor(before);
    const { messages, previousId } = await this.branches.page(chatId, endId, limit);
    return {
      chat: chatView(chat),
      messages: messages.map(({ row, siblings }) => messageView(row, siblings)),
      previous_cursor: previousId === null ? null : encodeMessageCursor(previousId),
    };
  }

  /** @throws AppError `chat.not_found`, `model.unknown` */
  async update(userId: number, chatId: number, changes: UpdateChatBody): Promise<Chat> {
    const settings = { ...changes, ...(await this.modelOf(changes)) };
    const chat = await this.chats.update(userId, chatId, settings, this.clock.now());
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    return chatView(chat);
  }

  /** The chat stays in the database, marked as deleted. @throws AppError `chat.not_found` */
  async delete(userId: number, chatId: number): Promise<void> {
    const isDeleted = await this.chats.delete(userId, chatId, this.clock.now());
    if (!isDeleted) throw new AppError('chat.not_found', { chatId });
  }

  /** Whether a model may give it a title: the chat is listed, and nobody has chosen one. */
  async isTitleOpen(userId: number, chatId: number): Promise<boolean> {
    return (await this.chats.find(userId, chatId))?.titleBy === 'message';
  }

  /** False when somebody has chosen one meanwhile, or the chat is gone. */
  setModelTitle(chatId: number, title: string): Promise<boolean> {
    return this.chats.setModelTitle(chatId, title);
  }

  /**
   * The two messages of an image request, in a chat of their own where none is given; the second waits for `finishImage`.
   *
   * @throws AppError `chat.not_found`
   */
  addImageMessages({
    userId,
    chatId: given,
    isListed = false,
    description,
    wish = {},
  }: NewImageMessages): Promise<SentMessage> {
    const now = this.clock.now();
    return this.chats.turn(async (turn) => {
      const chat =
        given === null
          ? await turn.create({ userId, kind: isListed ? 'chat' : 'picture' }, now)
          : await turn.change({ userId, chatId: given, now });
      if (chat === null) throw new AppError('chat.not_found', { chatId: given });
      const { id: chatId } = chat;
      await turn.take(chat, description);
      const message = await turn.add(
        userMessageRow({ chatId, parentId: chat.leafId, kind: 'image', content: description, now }),
      );
      const reply = await turn.add(imageReplyRow({ chatId, parentId: message.id, wish, now }));
      await turn.setLeaf(chatId, reply.id);
      return { message: messageView(message), reply: messageView(reply) };
    });
  }

  /** Image requests that nobody has ended, oldest first. */
  async openImageMessages(): Promise<OpenImageMessage[]> {
    const unfinished = await this.messages.unfinishedReplies('image');
    return Promise.all(
      unfinished.map(async ({ message, chat }) => ({
        messageId: message.id,
        userId: chat.userId,
        chatId: chat.id,
        hasChat: chat.kind !== 'picture',
        description: (await this.messages.questionOf(message))?.content ?? chat.title,
        wish: { ...message.options },
      })),
    );
  }

  /** False when the message had ended before, or is not the message of an image. */
  finishImage(messageId: number, end: MessageEnd): Promise<boolean> {
    return this.messages.finish(messageId, 'image', end, this.clock.now());
  }

  /** The hidden chats of these requests are deleted; how many. */
  forgetImages(messageIds: readonly number[]): Promise<number> {
    return this.messages.forgetPictures(messageIds, this.clock.now());
  }

  /** @see MessagesRepository.gone */
  goneMessages(messageIds: readonly number[]): Promise<number[]> {
    return this.messages.gone(messageIds);
  }

  /** A model that is chosen is one that can answer, as with a message; null takes the choice back. */
  private async modelOf({
    model,
  }: {
    readonly model?: string | null | undefined;
  }): Promise<{ model?: string }> {
    if (model === undefined || model === null) return {};
    return { model: await withFreshModels(this.models, () => this.models.accept(model)) };
  }
}
