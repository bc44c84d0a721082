import {
  booleanType,
  createMissingTables,
  dialectOf,
  exactText,
  integerType,
  longText,
  type Dialect,
} from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

export class CreateChats1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await createMissingTables(runner, [chats(dialect), messages(dialect)]);
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
      { name: 'user_id', type: integerType(dialect) },
      { name: 'title', type: 'varchar', length: '200' },
      { name: 'search_text', ...exactText(dialect) },
      { name: 'pinned', ...booleanType(dialect) },
      { name: 'model', type: 'varchar', length: '200', isNullable: true },
      { name: 'temperature', type: 'double', isNullable: true },
      { name: 'max_tokens', type: integerType(dialect), isNullable: true },
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
      { name: 'chat_id', type: integerType(dialect) },
      { name: 'role', type: 'varchar', length: '16' },
      { name: 'kind', type: 'varchar', length: '16' },
      { name: 'content', type: longText(dialect) },
      { name: 'search_text', ...exactText(dialect) },
      { name: 'model', type: 'varchar', length: '200', isNullable: true },
      { name: 'state', type: 'varchar', length: '16' },
      { name: 'error', type: longText(dialect), isNullable: true },
      { name: 'attachments', type: longText(dialect), isNullable: true },
      { name: 'timeline', type: longText(dialect), isNullable: true },
      { name: 'prompt_tokens', type: integerType(dialect), isNullable: true },
      { name: 'completion_tokens', type: integerType(dialect), isNullable: true },
      { name: 'attempt', type: integerType(dialect) },
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
    type: integerType(dialect),
    isPrimary: true,
    isGenerated: true,
    generationStrategy: 'increment',
  };
}
