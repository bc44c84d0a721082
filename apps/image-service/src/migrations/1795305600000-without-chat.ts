import { dialectOf } from '@baton/platform/database';
import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Pictures without a chat. Before this every request had one. */
export class WithoutChat1795305600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const type =
      dialectOf(runner.dataSource) === 'mysql' ? { type: 'tinyint', width: 1 } : { type: 'boolean' };
    await runner.addColumn('image_requests', new TableColumn({ name: 'has_chat', ...type, default: '1' }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('image_requests', 'has_chat');
  }
}
