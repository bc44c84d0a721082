import { isFinalState, replyState, type ReplyState } from '@baton/contracts';
import { epochMs, jsonColumn, longText, type Dialect } from '@baton/platform/database';
import { EntitySchema } from 'typeorm';

/** A row of `chat_messages`. Times are milliseconds since the epoch; JSON columns are parsed by whoever reads them. */
export interface MessageRow {
  id: number;
  chatId: number;
  /** The message that this one follows; null at the beginning. Messages with the same parent are versions of each other. */
  parentId: number | null;
  role: 'user' | 'assistant';
  kind: 'text' | 'image';
  /** Of a reply: empty until it ends. Until then the text is in the reply log. */
  content: string;
  /** What the model thought before it answered. */
  thinking: string | null;
  model: string | null;
  /** Stored are `queued` and the final states; the steps between are in the reply log. */
  state: ReplyState;
  error: object | null;
  attachments: readonly object[] | null;
  timeline: readonly object[] | null;
  promptTokens: number | null;
  completionTokens: number | null;
  /** From the engine taking the question to its last token, without waiting; null where nobody measured. */
  answerMs: number | null;
  rating: 'up' | 'down' | null;
  /** The comparison of models that this answer is part of. */
  experimentId: number | null;
  /** JSON of `AnswerOptions`: what was asked for beside the words. */
  options: object | null;
  /** JSON of `MessageDetails`. */
  details: object | null;
  /** Grows each time the reply asks for the GPU anew; part of the GPU job's id. 0 for messages without a job of ours. */
  attempt: number;
  createdAt: number;
  editedAt: number | null;
  finishedAt: number | null;
  deletedAt: number | null;
}

export const MESSAGE = 'message';

/** Of a message that is still being made. Named one by one: SQLite uses no index for what a column must not be. */
export const UNFINISHED_STATES: readonly ReplyState[] = replyState.options.filter(
  (state) => !isFinalState(state),
);

export function messageEntity(dialect: Dialect): EntitySchema<MessageRow> {
  return new EntitySchema<MessageRow>({
    name: MESSAGE,
    tableName: 'chat_messages',
    columns: {
      id: { type: 'integer', primary: true, generated: 'increment' },
      chatId: { name: 'chat_id', type: 'integer' },
      parentId: { name: 'parent_id', type: 'integer', nullable: true },
      role: { type: 'varchar', length: 16 },
      kind: { type: 'varchar', length: 16 },
      content: { type: longText(dialect) },
      thinking: { type: longText(dialect), nullable: true },
      model: { type: 'varchar', length: 200, nullable: true },
      state: { type: 'varchar', length: 16 },
      error: { ...jsonColumn(dialect), nullable: true },
      attachments: { ...jsonColumn(dialect), nullable: true },
      timeline: { ...jsonColumn(dialect), nullable: true },
      promptTokens: { name: 'prompt_tokens', type: 'integer', nullable: true },
      completionTokens: { name: 'completion_tokens', type: 'integer', nullable: true },
      answerMs: { name: 'answer_ms', type: 'integer', nullable: true },
      rating: { type: 'varchar', length: 8, nullable: true },
      experimentId: { name: 'experiment_id', type: 'integer', nullable: true },
      options: { ...jsonColumn(dialect), nullable: true },
      details: { ...jsonColumn(dialect), nullable: true },
      attempt: { type: 'integer' },
      createdAt: { name: 'created_at', ...epochMs },
      editedAt: { name: 'edited_at', ...epochMs, nullable: true },
      finishedAt: { name: 'finished_at', ...epochMs, nullable: true },
      deletedAt: { name: 'deleted_at', ...epochMs, nullable: true },
    },
    indices: [
      { name: 'messages_of_chat', columns: ['chatId', 'id'] },
      // Whether a chat is busy is asked before every message.
      { name: 'messages_of_chat_by_state', columns: ['chatId', 'state'] },
      { name: 'messages_by_parent', columns: ['chatId', 'parentId', 'id'] },
      // What the purge looks for.
      { name: 'messages_deleted', columns: ['deletedAt', 'id'] },
      { name: 'messages_of_experiment', columns: ['experimentId', 'model'] },
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
