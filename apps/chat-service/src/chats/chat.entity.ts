import { epochMs, jsonColumn, longText, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';

/** A row of `chats`. Times are milliseconds since the epoch. */
export interface ChatRow {
  id: number;
  userId: number;
  /** Empty until the first message gives one. */
  title: string;
  /** Who made the title: a model's may replace one cut from the message, and neither replaces the user's. */
  titleBy: 'message' | 'model' | 'user';
  /** `one_shot`, `picture` and `batch` are kept for their answers and are in no list. */
  kind: 'chat' | 'models' | 'one_shot' | 'picture' | 'batch';
  /** Not in the list; follows from the kind, and is a column so that the index of the list serves. */
  hidden: boolean;
  pinned: boolean;
  model: string | null;
  temperature: number | null;
  topP: number | null;
  maxTokens: number | null;
  /** JSON of a `ThinkSetting`. */
  think: string | null;
  systemPrompt: string | null;
  /** The last message of the branch that is shown; null in an empty chat. */
  leafId: number | null;
  /** What a chat between models or a batch is to do, and how far it is; null for all others. */
  plan: object | null;
  planState: 'running' | 'done' | 'stopped' | 'failed' | 'cancelled' | null;
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
      titleBy: { name: 'title_by', type: 'varchar', length: 16, default: 'user' },
      kind: { type: 'varchar', length: 16, default: 'chat' },
      hidden: { type: 'boolean', default: false },
      pinned: { type: 'boolean' },
      model: { type: 'varchar', length: 200, nullable: true },
      temperature: { type: 'double', nullable: true },
      topP: { name: 'top_p', type: 'double', nullable: true },
      maxTokens: { name: 'max_tokens', type: 'integer', nullable: true },
      think: { type: 'varchar', length: 16, nullable: true },
      systemPrompt: { name: 'system_prompt', type: longText(dialect), nullable: true },
      leafId: { name: 'leaf_id', type: 'integer', nullable: true },
      plan: { ...jsonColumn(dialect), nullable: true },
      planState: { name: 'plan_state', type: 'varchar', length: 16, nullable: true },
      createdAt: { name: 'created_at', ...epochMs },
      updatedAt: { name: 'updated_at', ...epochMs },
      deletedAt: { name: 'deleted_at', ...epochMs, nullable: true },
    },
    // The order of the list: one index serves the page, its order and the cursor.
    indices: [
      { name: 'chats_listed', columns: ['userId', 'hidden', 'pinned', 'updatedAt', 'id'] },
      // Chats between models and batches that go on after a restart; all others are null here.
      { name: 'chats_by_plan', columns: ['planState', 'id'] },
      // What the purge looks for.
      { name: 'chats_of_kind', columns: ['kind', 'updatedAt', 'id'] },
      { name: 'chats_deleted', columns: ['deletedAt', 'id'] },
    ],
  });
}
