import { createMissingTables } from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Files that are being stored, until a picture names them. */
export class FileDrafts1795392000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMissingTables(runner, [
      new Table({
        name: 'image_file_drafts',
        columns: [
          { name: 'file_name', type: 'varchar', length: '200', isPrimary: true },
          { name: 'created_at', type: 'bigint' },
        ],
        indices: [{ name: 'image_file_drafts_by_age', columnNames: ['created_at'] }],
      }),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('image_file_drafts');
  }
}
