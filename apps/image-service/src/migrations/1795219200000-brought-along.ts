import {
  addMissingColumns,
  booleanType,
  createMissingIndices,
  dialectOf,
  exactText,
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
 * Pictures that people bring along (without a message, a seed or a model), pictures made out of pictures, several variants
 * of one request, and what a gallery needs.
 */
export class BroughtAlong1795219200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await changeGenerated(runner, true);
    await addMissingColumns(runner, 'images', imageColumns(dialect));
    await addMissingColumns(runner, 'image_requests', requestColumns(dialect));
    await createMissingIndices(runner, 'images', [
      new TableIndex({ name: 'images_of_user', columnNames: ['user_id', 'id'] }),
    ]);
  }

  /** Uploads have no place in the older tables. */
  async down(runner: QueryRunner): Promise<void> {
    const dialect = dialectOf(runner.dataSource);
    await runner.query("DELETE FROM images WHERE origin <> 'generated'");
    await runner.dropIndex('images', 'images_of_user');
    await runner.dropColumns('image_requests', names(requestColumns(dialect)));
    await runner.dropColumns('images', names(imageColumns(dialect)));
    await changeGenerated(runner, false);
  }
}

/** What only a generated picture has. */
const OF_GENERATED = ['message_id', 'seed', 'settings', 'model'];

async function changeGenerated(runner: QueryRunner, isNullable: boolean): Promise<void> {
  const table = await runner.getTable('images');
  const changes = (table?.columns ?? [])
    .filter(({ name }) => OF_GENERATED.includes(name))
    .map((oldColumn) => {
      const newColumn = oldColumn.clone();
      newColumn.isNullable = isNullable;
      return { oldColumn, newColumn };
    });
  await runner.changeColumns('images', changes);
}

function imageColumns(dialect: Dialect): TableColumn[] {
  return columns([
    { name: 'origin', type: 'varchar', length: '16', default: "'generated'" },
    { name: 'variant', type: integerType(dialect), default: '0' },
    { name: 'media_type', type: 'varchar', length: '32', default: "'image/png'" },
    { name: 'description', type: longText(dialect), isNullable: true },
    { name: 'description_by', type: 'varchar', length: '200', isNullable: true },
    { name: 'search_text', ...exactText(dialect), isNullable: true },
    { name: 'is_favourite', ...booleanType(dialect), default: '0' },
    { name: 'deleted_at', type: 'bigint', isNullable: true },
  ]);
}

function requestColumns(dialect: Dialect): TableColumn[] {
  return columns([
    { name: 'kind', type: 'varchar', length: '16', default: "'text'" },
    { name: 'batch_count', type: integerType(dialect), default: '1' },
    { name: 'is_as_it_is', ...booleanType(dialect), default: '0' },
    { name: 'reference_image_id', type: integerType(dialect), isNullable: true },
    { name: 'wanted', type: longText(dialect), isNullable: true },
    { name: 'settings', type: longText(dialect), isNullable: true },
    { name: 'settings_by', type: 'varchar', length: '16', isNullable: true },
    { name: 'workflow', type: 'varchar', length: '64', isNullable: true },
    { name: 'workflow_hash', type: 'varchar', length: '64', isNullable: true },
    { name: 'variants', type: longText(dialect), isNullable: true },
    { name: 'timings', type: longText(dialect), isNullable: true },
  ]);
}

function columns(options: readonly TableColumnOptions[]): TableColumn[] {
  return options.map((option) => new TableColumn(option));
}

function names(of: readonly TableColumn[]): string[] {
  return of.map(({ name }) => name);
}
