import { setImmediate } from 'node:timers/promises';
import { CHAT_LIMITS, type Chat, type ChatFile, type chatExport } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { BranchesRepository } from './branches.repository.ts';
import { chatFileOf, fileNameOf, issuesOf, markdownOf, withWords } from './chat-file.ts';
import type { ChatRow } from './chat.entity.ts';
import { ChatsRepository, type ChatTurn } from './chats.repository.ts';
import { importedRow } from './new-messages.ts';
import { chatView } from './views.ts';

/** Chats that leave as files and come back from them. */
@Injectable()
export class TransfersService {
  private readonly chats: ChatsRepository;
  private readonly branches: BranchesRepository;
  private readonly clock: Clock;

  constructor(chats: ChatsRepository, branches: BranchesRepository, @Inject(CLOCK) clock: Clock) {
    this.chats = chats;
    this.branches = branches;
    this.clock = clock;
  }

  /** @throws AppError `chat.not_found`, `chat.too_long` */
  async export(
    userId: number,
    chatId: number,
    format: 'markdown' | 'json',
  ): Promise<z.output<typeof chatExport>> {
    const chat = await this.chats.find(userId, chatId);
    if (chat === null) throw new AppError('chat.not_found', { chatId });
    // Before anything of it is read: a file is put together in memory.
    const { messages, chars } = await this.branches.size(chatId);
    if (messages > CHAT_LIMITS.exportedMessages || chars > CHAT_LIMITS.exportedChars) {
      throw new AppError('chat.too_long', { chatId, messages, chars });
    }
    const rows = await this.branches.all(chatId);
    const shown = chat.leafId === null ? new Set<number>() : await this.branches.ids(chatId, chat.leafId);
    const file = chatFileOf(chat, rows, shown, this.clock.now());
    if (format === 'json') {
      return {
        file_name: fileNameOf(chat.title, chatId, 'json'),
        media_type: 'application/json',
        text: JSON.stringify(file, null, 2),
      };
    }
    return {
      file_name: fileNameOf(chat.title, chatId, 'md'),
      media_type: 'text/markdown',
      text: markdownOf(file),
    };
  }

  /**
   * A new chat of the user, with messages of its own. A model that is not installed here stays named: the next message
   * then says which can be chosen. It is there when all of it is, and written in portions: a long one must not keep others
   * waiting.
   *
   * @throws AppError `chat.file_invalid`
   */
  async import(userId: number, file: ChatFile): Promise<Chat> {
    const issues = issuesOf(file);
    if (issues.length > 0) throw new AppError('chat.file_invalid', {}, { issues });
    const { title, ...settings } = file.chat;
    const named = title.trim() === '' ? {} : { title };
    const now = this.clock.now();
    const chat = await this.chats.turn((turn) => turn.createUnshown({ ...settings, ...named, userId }, now));
    const newIds: NewIds = new Map();
    const messages = withWords(file.messages);
    for (const some of portionsOf(messages)) {
      await this.chats.turn((turn) => addMessages(turn, chat, some, newIds));
      // With SQLite a whole portion is one turn of the event loop: answers that stream go on in between.
      await setImmediate();
    }
    const open = messages.findLast(({ shown }) => shown) ?? messages.at(-1);
    const leafId = open === undefined ? null : (newIds.get(open.id) ?? null);
    await this.chats.turn((turn) => turn.show(chat.id, leafId));
    return chatView(chat);
  }
}

/** By the ids of the file. */
type NewIds = Map<number, number>;

/** What one transaction takes: whoever sends a message meanwhile waits no longer than that. */
const PORTION_MESSAGES = 100;
const PORTION_CHARS = 32_000;

function* portionsOf(messages: ChatFile['messages']): Generator<ChatFile['messages']> {
  let portion: ChatFile['messages'] = [];
  let chars = 0;
  for (const message of messages) {
    portion.push(message);
    chars += message.content.length;
    if (portion.length < PORTION_MESSAGES && chars < PORTION_CHARS) continue;
    yield portion;
    portion = [];
    chars = 0;
  }
  if (portion.length > 0) yield portion;
}

async function addMessages(
  turn: ChatTurn,
  chat: ChatRow,
  messages: ChatFile['messages'],
  newIds: NewIds,
): Promise<void> {
  for (const message of messages) {
    const parentId = message.parent_id === null ? null : (newIds.get(message.parent_id) ?? null);
    const { id } = await turn.add(importedRow(chat.id, parentId, message));
    newIds.set(message.id, id);
  }
  await turn.words.addAll(
    chat,
    messages.map(({ content }) => content),
  );
}
