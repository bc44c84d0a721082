import {
  booleanType,
  createMissingTables,
  dialectOf,
  integerType,
  longText,
  type Dialect,
} from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateImages1795132800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await createMissingTables(runner, [imageRequests(dialect), images(dialect)]);
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
      { name: 'message_id', type: integerType(dialect), isPrimary: true },
      { name: 'user_id', type: integerType(dialect) },
      { name: 'chat_id', type: integerType(dialect) },
      { name: 'description', type: longText(dialect) },
      { name: 'width', type: integerType(dialect) },
      { name: 'height', type: integerType(dialect) },
      { name: 'seed', type: 'bigint' },
      { name: 'state', type: 'varchar', length: '16' },
      { name: 'prompt', type: longText(dialect), isNullable: true },
      { name: 'prompt_by', type: 'varchar', length: '16', isNullable: true },
      { name: 'prompt_id', type: 'varchar', length: '36', isNullable: true },
      { name: 'attempt', type: integerType(dialect) },
      { name: 'error_code', type: 'varchar', length: '64', isNullable: true },
      { name: 'timeline', type: longText(dialect), isNullable: true },
      { name: 'is_reported', ...booleanType(dialect) },
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
        type: integerType(dialect),
        isPrimary: true,
        isGenerated: true,
        generationStrategy: 'increment',
      },
      { name: 'message_id', type: integerType(dialect) },
      { name: 'user_id', type: integerType(dialect) },
      { name: 'width', type: integerType(dialect) },
      { name: 'height', type: integerType(dialect) },
      { name: 'seed', type: 'bigint' },
      { name: 'settings', type: longText(dialect) },
      { name: 'model', type: 'varchar', length: '200' },
      { name: 'file_name', type: 'varchar', length: '200' },
      { name: 'sha256', type: 'varchar', length: '64' },
      { name: 'size_bytes', type: integerType(dialect) },
      { name: 'is_simulated', ...booleanType(dialect) },
      { name: 'created_at', type: 'bigint' },
    ],
    indices: [{ name: 'images_of_message', columnNames: ['message_id', 'id'] }],
  });
}
