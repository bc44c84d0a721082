import type { ReplyState } from '@baton/contracts';
import { epochMs, jsonColumn, longText, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';
import { searchText } from './search-text.ts';

/** A row of `chat_messages`. Times are milliseconds since the epoch; JSON columns are parsed by whoever reads them. */
export interface MessageRow {
  id: number;
  chatId: number;
  role: 'user' | 'assistant';
  kind: 'text' | 'image';
  /** Of a reply: empty until it ends. Until then the text is in the reply log. */
  content: string;
  searchText: string;
  model: string | null;
  /** Stored are `queued` and the final states; the steps between are in the reply log. */
  state: ReplyState;
  error: object | null;
  attachments: readonly object[] | null;
  timeline: readonly object[] | null;
  promptTokens: number | null;
  completionTokens: number | null;
  /** Grows each time the reply asks for the GPU anew; part of the GPU job's id. 0 for messages without a job of ours. */
  attempt: number;
  createdAt: number;
  finishedAt: number | null;
  deletedAt: number | null;
}

export const MESSAGE = 'message';

export function messageEntity(dialect: Dialect): EntitySchema<MessageRow> {
  return new EntitySchema<MessageRow>({
    name: MESSAGE,
    tableName: 'chat_messages',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      chatId: { name: 'chat_id', type: 'integer' },
      role: { type: 'varchar', length: 16 },
      kind: { type: 'varchar', length: 16 },
      content: { type: longText(dialect) },
      searchText: { name: 'search_text', ...searchText(dialect) },
      model: { type: 'varchar', length: 200, nullable: true },
      state: { type: 'varchar', length: 16 },
      error: { ...jsonColumn(dialect), nullable: true },
      attachments: { ...jsonColumn(dialect), nullable: true },
      timeline: { ...jsonColumn(dialect), nullable: true },
      promptTokens: { name: 'prompt_tokens', type: 'integer', nullable: true },
      completionTokens: { name: 'completion_tokens', type: 'integer', nullable: true },
      attempt: { type: 'integer' },
      createdAt: { name: 'created_at', ...epochMs },
      finishedAt: { name: 'finished_at', ...epochMs, nullable: true },
      deletedAt: { name: 'deleted_at', ...epochMs, nullable: true },
    },
    indices: [
      { name: 'messages_of_chat', columns: ['chatId', 'id'] },
      // Few rows are in another state than `done`: the search for unfinished replies after a restart reads only those.
      { name: 'messages_by_state', columns: ['state', 'id'] },
    ],
    foreignKeys: [
      {
        name: 'messages_chat',
        target: 'chat',
        columnNames: ['chatId'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
        // Said aloud, because MariaDB and MySQL report the default by different names.
        onUpdate: 'RESTRICT',
      },
    ],
  });
}
