import { createMissingTables, dialectOf, integerType, type Dialect } from '@baton/platform/database';
import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Comparisons between models. Which answers belong to one is written with the answers. */
export class Experiments1795392000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMissingTables(runner, [experiments(dialectOf(runner.dataSource))]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('experiments');
  }
}

function experiments(dialect: Dialect): Table {
  const integer = integerType(dialect);
  return new Table({
    name: 'experiments',
    columns: [
      { name: 'id', type: integer, isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
      { name: 'name', type: 'varchar', length: '100' },
      { name: 'model', type: 'varchar', length: '200' },
      { name: 'variant', type: 'varchar', length: '200' },
      { name: 'share', type: integer },
      { name: 'running_key', type: 'varchar', length: '210', isNullable: true },
      { name: 'created_by', type: integer },
      { name: 'created_at', type: 'bigint' },
      { name: 'ended_at', type: 'bigint', isNullable: true },
    ],
    indices: [{ name: 'experiments_running', columnNames: ['running_key'], isUnique: true }],
  });
}
