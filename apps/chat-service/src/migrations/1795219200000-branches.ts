import {
  addMissingColumns,
  booleanType,
  createMissingIndices,
  dialectOf,
  dropIndexIfThere,
  integerType,
  longText,
  type Dialect,
} from '@baton/platform/database';
import {
  TableColumn,
  TableIndex,
  type MigrationInterface,
  type QueryRunner,
  type TableColumnOptions,
} from 'typeorm';

/**
 * Messages become a tree (each names the one it follows), and everything that is known about an answer gets its place.
 * Chats of before are one branch: each message follows the one before it.
 */
export class Branches1795219200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await addMissingColumns(runner, 'chats', chatColumns(dialect));
    await addMissingColumns(runner, 'chat_messages', messageColumns(dialect));
    await runner.query(LINK_MESSAGES[dialect]);
    await runner.query(
      'UPDATE chats SET leaf_id = (SELECT MAX(id) FROM chat_messages m WHERE m.chat_id = chats.id AND m.deleted_at IS NULL)',
    );
    await dropIndexIfThere(runner, 'chats', 'chats_of_user');
    await createMissingIndices(runner, 'chats', [
      index('chats_listed', ['user_id', 'hidden', 'pinned', 'updated_at', 'id']),
      index('chats_by_plan', ['plan_state', 'id']),
      index('chats_deleted', ['deleted_at', 'id']),
    ]);
    await createMissingIndices(runner, 'chat_messages', [
      index('messages_by_parent', ['chat_id', 'parent_id', 'id']),
      index('messages_of_experiment', ['experiment_id', 'model']),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await runner.dropIndex('chat_messages', 'messages_of_experiment');
    await runner.dropIndex('chat_messages', 'messages_by_parent');
    await runner.dropIndex('chats', 'chats_deleted');
    await runner.dropIndex('chats', 'chats_by_plan');
    // Made before the other one goes: MariaDB wants an index for every order of the list at all times.
    await runner.createIndex('chats', index('chats_of_user', ['user_id', 'pinned', 'updated_at', 'id']));
    await runner.dropIndex('chats', 'chats_listed');
    // Not by way of TypeORM: for SQLite it makes the table anew, and the old chats would take their messages with them.
    for (const [table, added] of [
      ['chat_messages', messageColumns(dialect)],
      ['chats', chatColumns(dialect)],
    ] as const) {
      for (const { name } of added) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${name}`);
    }
  }
}

/** Deleted messages are linked too (to the last one before them), but nothing follows them. */
const PREVIOUS =
  'SELECT m.id AS id, (SELECT MAX(p.id) FROM chat_messages p WHERE p.chat_id = m.chat_id AND p.id < m.id AND p.deleted_at IS NULL) AS parent_id FROM chat_messages m';
const LINK_MESSAGES = {
  sqlite:
    'UPDATE chat_messages SET parent_id = (SELECT MAX(p.id) FROM chat_messages p WHERE p.chat_id = chat_messages.chat_id AND p.id < chat_messages.id AND p.deleted_at IS NULL)',
  mysql: `UPDATE chat_messages c JOIN (${PREVIOUS}) previous ON previous.id = c.id SET c.parent_id = previous.parent_id`,
} as const;

function chatColumns(dialect: Dialect): TableColumn[] {
  return columns([
    { name: 'title_by', type: 'varchar', length: '16', default: "'user'" },
    { name: 'kind', type: 'varchar', length: '16', default: "'chat'" },
    { name: 'hidden', ...booleanType(dialect), default: '0' },
    { name: 'top_p', type: 'double', isNullable: true },
    { name: 'think', type: 'varchar', length: '16', isNullable: true },
    { name: 'leaf_id', type: integerType(dialect), isNullable: true },
    { name: 'plan', type: longText(dialect), isNullable: true },
    { name: 'plan_state', type: 'varchar', length: '16', isNullable: true },
  ]);
}

function messageColumns(dialect: Dialect): TableColumn[] {
  return columns([
    { name: 'parent_id', type: integerType(dialect), isNullable: true },
    { name: 'thinking', type: longText(dialect), isNullable: true },
    { name: 'answer_ms', type: integerType(dialect), isNullable: true },
    { name: 'rating', type: 'varchar', length: '8', isNullable: true },
    { name: 'experiment_id', type: integerType(dialect), isNullable: true },
    { name: 'options', type: longText(dialect), isNullable: true },
    { name: 'details', type: longText(dialect), isNullable: true },
    { name: 'edited_at', type: 'bigint', isNullable: true },
  ]);
}

function columns(options: readonly TableColumnOptions[]): TableColumn[] {
  return options.map((option) => new TableColumn(option));
}

function index(name: string, columnNames: string[]): TableIndex {
  return new TableIndex({ name, columnNames });
}
