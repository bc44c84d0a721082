import { dialectOf, longText, type Dialect } from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateImages1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await runner.createTable(imageRequests(dialect));
    await runner.createTable(images(dialect));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('images');
    await runner.dropTable('image_requests');
  }
}

function imageRequests(dialect: Dialect): Table {
  return new Table({
    name: 'image_requests',
    columns: [
      { name: 'message_id', type: integer(dialect), isPrimary: true },
      { name: 'user_id', type: integer(dialect) },
      { name: 'chat_id', type: integer(dialect) },
      { name: 'description', type: longText(dialect) },
      { name: 'width', type: integer(dialect) },
      { name: 'height', type: integer(dialect) },
      { name: 'seed', type: 'bigint' },
      { name: 'state', type: 'varchar', length: '16' },
      { name: 'prompt', type: longText(dialect), isNullable: true },
      { name: 'prompt_by', type: 'varchar', length: '16', isNullable: true },
      { name: 'prompt_id', type: 'varchar', length: '36', isNullable: true },
      { name: 'attempt', type: integer(dialect) },
      { name: 'error_code', type: 'varchar', length: '64', isNullable: true },
      { name: 'timeline', type: longText(dialect), isNullable: true },
      { name: 'is_reported', ...boolean(dialect) },
      { name: 'created_at', type: 'bigint' },
      { name: 'finished_at', type: 'bigint', isNullable: true },
    ],
    indices: [{ name: 'image_requests_open', columnNames: ['is_reported', 'message_id'] }],
  });
}

function images(dialect: Dialect): Table {
  return new Table({
    name: 'images',
    columns: [
      {
        name: 'id',
        type: integer(dialect),
        isPrimary: true,
        isGenerated: true,
        generationStrategy: 'increment',
      },
      { name: 'message_id', type: integer(dialect) },
      { name: 'user_id', type: integer(dialect) },
      { name: 'width', type: integer(dialect) },
      { name: 'height', type: integer(dialect) },
      { name: 'seed', type: 'bigint' },
      { name: 'settings', type: longText(dialect) },
      { name: 'model', type: 'varchar', length: '200' },
      { name: 'file_name', type: 'varchar', length: '200' },
      { name: 'sha256', type: 'varchar', length: '64' },
      { name: 'size_bytes', type: integer(dialect) },
      { name: 'is_simulated', ...boolean(dialect) },
      { name: 'created_at', type: 'bigint' },
    ],
    indices: [{ name: 'images_of_message', columnNames: ['message_id', 'id'] }],
  });
}

function integer(dialect: Dialect): string {
  return dialect === 'mysql' ? 'int' : 'integer';
}

function boolean(dialect: Dialect): { readonly type: string; readonly width?: number } {
  return dialect === 'mysql' ? { type: 'tinyint', width: 1 } : { type: 'boolean' };
}
