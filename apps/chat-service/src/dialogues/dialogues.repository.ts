import { FINAL_STATES } from '@baton/contracts';
import { read, write } from '@baton/platform/database';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, MoreThan, Not } from 'typeorm';
import { CHAT, type ChatRow } from '../chats/chat.entity.ts';
import { MESSAGE, type MessageRow } from '../chats/message.entity.ts';
import { dialoguePlan, type DialoguePlan } from './dialogue-plan.ts';

export type DialogueState = 'running' | 'done' | 'stopped' | 'failed';

export interface StoredDialogue {
  readonly chat: ChatRow;
  readonly plan: DialoguePlan;
  readonly state: DialogueState;
}

const KIND = 'models';

/** Chats between models: plan and state of each, and its turns. */
@Injectable()
export class DialoguesRepository {
  private readonly source: DataSource;

  constructor(source: DataSource) {
    this.source = source;
  }

  /** Null when it is deleted, somebody else's, or not to be read any more. */
  async find(chatId: number, userId?: number): Promise<StoredDialogue | null> {
    const chat = await read(this.source, (manager) =>
      manager.findOneBy<ChatRow>(CHAT, {
        id: chatId,
        kind: KIND,
        deletedAt: IsNull(),
        ...(userId === undefined ? {} : { userId }),
      }),
    );
    return chat === null ? null : storedDialogue(chat);
  }

  /** Those that were under way when the process ended, oldest first. */
  async running(): Promise<StoredDialogue[]> {
    const chats = await read(this.source, (manager) =>
      manager.find<ChatRow>(CHAT, {
        where: { planState: 'running', kind: KIND, deletedAt: IsNull() },
        order: { id: 'ASC' },
      }),
    );
    return chats.map(storedDialogue).filter((dialogue) => dialogue !== null);
  }

  /** False when it was in none of the states `from`: somebody else was quicker, or it is gone. */
  change(
    chatId: number,
    from: readonly DialogueState[],
    to: { readonly state: DialogueState; readonly plan?: DialoguePlan },
  ): Promise<boolean> {
    return write(this.source, async (manager) => {
      const { affected } = await manager.update<ChatRow>(
        CHAT,
        { id: chatId, planState: In([...from]), deletedAt: IsNull() },
        { planState: to.state, ...(to.plan === undefined ? {} : { plan: to.plan }) },
      );
      return affected !== 0;
    });
  }

  message(chatId: number, id: number): Promise<MessageRow | null> {
    return read(this.source, (manager) =>
      manager.findOneBy<MessageRow>(MESSAGE, { id, chatId, deletedAt: IsNull() }),
    );
  }

  /** The first answer after a message, whatever branch it is on: also turns that were made again. */
  turnAfter(chatId: number, after: number): Promise<MessageRow | null> {
    return read(this.source, (manager) =>
      manager.findOne<MessageRow>(MESSAGE, {
        where: { chatId, id: MoreThan(after), role: 'assistant', kind: 'text', deletedAt: IsNull() },
        order: { id: 'ASC' },
      }),
    );
  }

  /** The answer that is being made, if any. */
  unfinished(chatId: number): Promise<MessageRow | null> {
    return read(this.source, (manager) =>
      manager.findOne<MessageRow>(MESSAGE, {
        where: {
          chatId,
          state: Not(In([...FINAL_STATES])),
          role: 'assistant',
          kind: 'text',
          deletedAt: IsNull(),
        },
        order: { id: 'DESC' },
      }),
    );
  }
}

function storedDialogue(chat: ChatRow): StoredDialogue | null {
  const plan = dialoguePlan.safeParse(chat.plan).data;
  const state = chat.planState;
  if (plan === undefined || state === null || state === 'cancelled') return null;
  return { chat, plan, state };
}
