import { epochMs, longText, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';
import { searchText } from './search-text.ts';

/** A row of `chats`. Times are milliseconds since the epoch. */
export interface ChatRow {
  id: number;
  userId: number;
  /** Empty until the first message gives one. */
  title: string;
  /** The title as the search sees it. */
  searchText: string;
  pinned: boolean;
  model: string | null;
  temperature: number | null;
  maxTokens: number | null;
  systemPrompt: string | null;
  createdAt: number;
  updatedAt: number;
  deletedAt: number | null;
}

export const CHAT = 'chat';

export function chatEntity(dialect: Dialect): EntitySchema<ChatRow> {
  return new EntitySchema<ChatRow>({
    name: CHAT,
    tableName: 'chats',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      userId: { name: 'user_id', type: 'integer' },
      title: { type: 'varchar', length: 200 },
      searchText: { name: 'search_text', ...searchText(dialect) },
      pinned: { type: 'boolean' },
      model: { type: 'varchar', length: 200, nullable: true },
      temperature: { type: 'double', nullable: true },
      maxTokens: { name: 'max_tokens', type: 'integer', nullable: true },
      systemPrompt: { name: 'system_prompt', type: longText(dialect), nullable: true },
      createdAt: { name: 'created_at', ...epochMs },
      updatedAt: { name: 'updated_at', ...epochMs },
      deletedAt: { name: 'deleted_at', ...epochMs, nullable: true },
    },
    // The order of the list: one index serves the page, its order and the cursor.
    indices: [{ name: 'chats_of_user', columns: ['userId', 'pinned', 'updatedAt', 'id'] }],
  });
}
