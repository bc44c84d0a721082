import { isFinalState, type Message } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ChatsRepository, type ChatTurn } from './chats.repository.ts';
import type { ChatRow } from './chat.entity.ts';
import type { MessageRow } from './message.entity.ts';
import { messageView } from './views.ts';

/** A message as its owner names it. */
export interface MessageName {
  readonly userId: number;
  readonly chatId: number;
  readonly messageId: number;
}

interface Entered {
  readonly turn: ChatTurn;
  readonly chat: ChatRow;
  readonly message: MessageRow;
}

/** What a user does with a message that is there: change its words, rate it, show its branch, take it away. */
@Injectable()
export class MessagesService {
  private readonly chats: ChatsRepository;
  private readonly clock: Clock;

  constructor(chats: ChatsRepository, @Inject(CLOCK) clock: Clock) {
    this.chats = chats;
    this.clock = clock;
  }

  /** What of a message is being written: itself, or answers to it. @throws as `find` */
  beingWritten(name: MessageName): Promise<number[]> {
    return this.enter(name, 'look', ({ turn, message }) => turn.beingWritten(message));
  }

  /** @throws AppError `chat.not_found`, `chat.message_not_found` */
  find(name: MessageName): Promise<Message> {
    return this.enter(name, 'look', ({ turn, message }) => viewOf(turn, message));
  }

  /** @throws as `find`; `message.being_written`, `request.invalid` for a picture */
  edit(name: MessageName, content: string): Promise<Message> {
    return this.enter(name, 'change', async ({ turn, chat, message }) => {
      if (message.kind === 'image' && message.role === 'assistant') {
        throw refusal(name, 'must be a message in words, not a picture');
      }
      if (!isFinalState(message.state)) throw new AppError('message.being_written', { ...name });
      const changed = { content, editedAt: this.clock.now() };
      await turn.changeMessage(message.id, changed);
      if (!chat.hidden) await turn.words.replace(chat, message.content, content);
      return viewOf(turn, { ...message, ...changed });
    });
  }

  /** @throws as `find`; `message.being_written`, `request.invalid` for anything but an answer in words */
  rate(name: MessageName, rating: MessageRow['rating']): Promise<Message> {
    return this.enter(name, 'look', async ({ turn, message }) => {
      if (message.role !== 'assistant' || message.kind !== 'text') {
        throw refusal(name, 'must be an answer in words');
      }
      if (!isFinalState(message.state)) throw new AppError('message.being_written', { ...name });
      await turn.changeMessage(message.id, { rating });
      return viewOf(turn, { ...message, rating });
    });
  }

  /** Shows the branch that a message is on, down to its newest end. @throws as `find` */
  select(name: MessageName): Promise<void> {
    return this.enter(name, 'look', async ({ turn, chat, message }) => {
      await turn.setLeaf(chat.id, await turn.newestEnd(chat.id, message.id));
    });
  }

  /** What of it is being written has been stopped before. @throws as `find` */
  remove(name: MessageName): Promise<void> {
    return this.enter(name, 'change', async ({ turn, chat, message }) => {
      await turn.removeMessage(message, this.clock.now());
      if (!chat.hidden) await turn.words.remove(chat, message.content);
      // Another version is shown in its place, or else what came before it.
      if (chat.leafId === message.id) {
        await turn.setLeaf(chat.id, await turn.newestEnd(chat.id, message.parentId));
      }
    });
  }

  /** `change` moves the chat to the top of the list, `look` leaves it where it is. Both lock it. */
  private enter<T>(
    { userId, chatId, messageId }: MessageName,
    purpose: 'change' | 'look',
    work: (entered: Entered) => Promise<T>,
  ): Promise<T> {
    return this.chats.turn(async (turn) => {
      const now = purpose === 'change' ? this.clock.now() : null;
      const chat = await turn.change({ userId, chatId, now });
      if (chat === null) throw new AppError('chat.not_found', { chatId });
      const message = await turn.message(chatId, messageId);
      if (message === null) throw new AppError('chat.message_not_found', { chatId, messageId });
      return work({ turn, chat, message });
    });
  }
}

async function viewOf(turn: ChatTurn, message: MessageRow): Promise<Message> {
  return messageView(message, await turn.siblings(message));
}

function refusal(name: MessageName, message: string): AppError {
  return new AppError('request.invalid', { ...name }, { issues: [{ path: 'message_id', message }] });
}
