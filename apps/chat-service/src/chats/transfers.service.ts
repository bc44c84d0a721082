import { CHAT_LIMITS, type Chat, type ChatFile, type chatExport } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { BranchesRepository } from './branches.repository.ts';
import { chatFileOf, fileNameOf, issuesOf, markdownOf, withWords } from './chat-file.ts';
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
    const rows = await this.branches.all(chatId, CHAT_LIMITS.exportedMessages + 1);
    if (rows.length > CHAT_LIMITS.exportedMessages) throw new AppError('chat.too_long', { chatId });
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
   * then says which can be chosen.
   *
   * @throws AppError `chat.file_invalid`
   */
  async import(userId: number, file: ChatFile): Promise<Chat> {
    const issues = issuesOf(file);
    if (issues.length > 0) throw new AppError('chat.file_invalid', {}, { issues });
    const { title, ...settings } = file.chat;
    const now = this.clock.now();
    return this.chats.turn(async (turn) => {
      const named = title.trim() === '' ? {} : { title };
      const chat = await turn.create({ ...settings, ...named, userId }, now);
      const leafId = await addMessages(turn, chat.id, withWords(file.messages));
      await turn.setLeaf(chat.id, leafId);
      await turn.words.addAll(
        chat,
        file.messages.map(({ content }) => content),
      );
      return chatView(chat);
    });
  }
}

/** Resolves with the end of the branch that was open: its last message, or the newest of all. */
async function addMessages(
  turn: ChatTurn,
  chatId: number,
  messages: ChatFile['messages'],
): Promise<number | null> {
  const newIds = new Map<number, number>();
  let leafId: number | null = null;
  let shownId: number | null = null;
  for (const message of messages) {
    const parentId = message.parent_id === null ? null : (newIds.get(message.parent_id) ?? null);
    const { id } = await turn.add(importedRow(chatId, parentId, message));
    newIds.set(message.id, id);
    leafId = id;
    if (message.shown) shownId = id;
  }
  return shownId ?? leafId;
}
