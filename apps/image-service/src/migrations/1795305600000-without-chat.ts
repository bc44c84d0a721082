import { addMissingColumns, booleanType, dialectOf } from '@baton/platform/database';
import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Pictures without a chat. Before this every request had one. */
export class WithoutChat1795305600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const type = booleanType(dialectOf(runner.dataSource));
    await addMissingColumns(runner, 'image_requests', [
      new TableColumn({ name: 'has_chat', ...type, default: '1' }),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('image_requests', 'has_chat');
  }
}
