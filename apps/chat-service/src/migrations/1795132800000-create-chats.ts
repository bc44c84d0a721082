import { dialectOf, longText, type Dialect } from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

export class CreateChats1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await runner.createTable(chats(dialect));
    await runner.createTable(messages(dialect));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('chat_messages');
    await runner.dropTable('chats');
  }
}

function chats(dialect: Dialect): Table {
  return new Table({
    name: 'chats',
    columns: [
      generatedId(dialect),
      { name: 'user_id', type: integer(dialect) },
      { name: 'title', type: 'varchar', length: '200' },
      { name: 'search_text', ...folded(dialect) },
      {
        name: 'pinned',
        type: dialect === 'mysql' ? 'tinyint' : 'boolean',
        ...(dialect === 'mysql' ? { width: 1 } : {}),
      },
      { name: 'model', type: 'varchar', length: '200', isNullable: true },
      { name: 'temperature', type: 'double', isNullable: true },
      { name: 'max_tokens', type: integer(dialect), isNullable: true },
      { name: 'system_prompt', type: longText(dialect), isNullable: true },
      { name: 'created_at', type: 'bigint' },
      { name: 'updated_at', type: 'bigint' },
      { name: 'deleted_at', type: 'bigint', isNullable: true },
    ],
    indices: [{ name: 'chats_of_user', columnNames: ['user_id', 'pinned', 'updated_at', 'id'] }],
  });
}

function messages(dialect: Dialect): Table {
  return new Table({
    name: 'chat_messages',
    columns: [
      generatedId(dialect),
      { name: 'chat_id', type: integer(dialect) },
      { name: 'role', type: 'varchar', length: '16' },
      { name: 'kind', type: 'varchar', length: '16' },
      { name: 'content', type: longText(dialect) },
      { name: 'search_text', ...folded(dialect) },
      { name: 'model', type: 'varchar', length: '200', isNullable: true },
      { name: 'state', type: 'varchar', length: '16' },
      { name: 'error', type: longText(dialect), isNullable: true },
      { name: 'attachments', type: longText(dialect), isNullable: true },
      { name: 'timeline', type: longText(dialect), isNullable: true },
      { name: 'prompt_tokens', type: integer(dialect), isNullable: true },
      { name: 'completion_tokens', type: integer(dialect), isNullable: true },
      { name: 'attempt', type: integer(dialect) },
      { name: 'created_at', type: 'bigint' },
      { name: 'finished_at', type: 'bigint', isNullable: true },
      { name: 'deleted_at', type: 'bigint', isNullable: true },
    ],
    indices: [
      { name: 'messages_of_chat', columnNames: ['chat_id', 'id'] },
      { name: 'messages_by_state', columnNames: ['state', 'id'] },
    ],
    foreignKeys: [
      {
        name: 'messages_chat',
        columnNames: ['chat_id'],
        referencedTableName: 'chats',
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
        onUpdate: 'RESTRICT',
      },
    ],
  });
}

function generatedId(dialect: Dialect): TableColumnOptions {
  return {
    name: 'id',
    type: integer(dialect),
    isPrimary: true,
    isGenerated: true,
    generationStrategy: 'increment',
  };
}

function integer(dialect: Dialect): string {
  return dialect === 'mysql' ? 'int' : 'integer';
}

/** Compared byte by byte in both databases. */
function folded(dialect: Dialect): Omit<TableColumnOptions, 'name'> {
  return dialect === 'mysql'
    ? { type: 'longtext', charset: 'utf8mb4', collation: 'utf8mb4_bin' }
    : { type: 'text' };
}
