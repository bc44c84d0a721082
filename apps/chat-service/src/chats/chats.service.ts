import {
  type Chat,
  type CreateChatBody,
  type Message,
  type SentMessage,
  type UpdateChatBody,
  listChatsQuery,
} from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { ChatsRepository } from './chats.repository.ts';
import type { MessageEnd } from './message-end.ts';
import { MessagesRepository } from './messages.repository.ts';
import { imageReplyRow, userMessageRow } from './new-messages.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import { titleFrom } from './title.ts';
import { chatView, messageView } from './views.ts';

export interface ChatPage {
  readonly chats: Chat[];
  readonly next_cursor: string | null;
}

/** An image request as image-service needs it to go on with it. */
export interface OpenImageMessage {
  readonly messageId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly description: string;
}

/** Conversations: what belongs to a user and how it is listed, changed and left. */
@Injectable()
export class ChatsService {
  private readonly chats: ChatsRepository;
  private readonly messages: MessagesRepository;
  private readonly clock: Clock;

  constructor(chats: ChatsRepository, messages: MessagesRepository, @Inject(CLOCK) clock: Clock) {
    this.chats = chats;
    this.messages = messages;
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

  async create(userId: number, body: CreateChatBody): Promise<Chat> {
    return chatView(await this.chats.create(userId, body, this.clock.now()));
  }

  /** @throws AppError `chat.not_found` */
  async get(userId: number, chatId: number): Promise<{ chat: Chat; messages: Message[] }> {
    const chat = await this.chats.find(userId, chatId);
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    return {
      chat: chatView(chat),
      messages: (await this.chats.messages(chatId)).map((row) => messageView(row)),
    };
  }

  /** @throws AppError `chat.not_found` */
  async update(userId: number, chatId: number, changes: UpdateChatBody): Promise<Chat> {
    const chat = await this.chats.update(userId, chatId, changes, this.clock.now());
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    return chatView(chat);
  }

  /** The chat stays in the database, marked as deleted. @throws AppError `chat.not_found` */
  async delete(userId: number, chatId: number): Promise<void> {
    const isDeleted = await this.chats.delete(userId, chatId, this.clock.now());
    if (!isDeleted) throw new AppError('chat.not_found', { chatId });
  }

  /** The two messages of an image request; the second waits for `finishImage`. @throws AppError `chat.not_found` */
  addImageMessages(userId: number, chatId: number, description: string): Promise<SentMessage> {
    const now = this.clock.now();
    return this.chats.turn(async (turn) => {
      const chat = await turn.change({ userId, chatId, now });
      if (chat === null) throw new AppError('chat.not_found', { chatId });
      await turn.titleOnce(chat, titleFrom(description));
      const message = await turn.add(
        userMessageRow({ chatId, parentId: chat.leafId, kind: 'image', content: description, now }),
      );
      const reply = await turn.add(imageReplyRow({ chatId, parentId: message.id, now }));
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
        description: (await this.messages.questionOf(message))?.content ?? chat.title,
      })),
    );
  }

  /** False when the message had ended before, or is not the message of an image. */
  finishImage(messageId: number, end: MessageEnd): Promise<boolean> {
    return this.messages.finish(messageId, 'image', end, this.clock.now());
  }
}
