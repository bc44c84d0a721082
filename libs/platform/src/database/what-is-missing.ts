import type { QueryRunner, Table, TableColumn, TableIndex } from 'typeorm';

/**
 * MySQL and MariaDB keep each change of a table at once, whatever becomes of the rest. So a migration that was cut off there
 * begins again over what it left, and makes only what is missing.
 */

/** Tables come with their indices. */
export async function createMissingTables(runner: QueryRunner, tables: readonly Table[]): Promise<void> {
  for (const table of tables) await runner.createTable(table, true);
}

export async function addMissingColumns(
  runner: QueryRunner,
  table: string,
  columns: readonly TableColumn[],
): Promise<void> {
  for (const column of columns) {
    if (!(await runner.hasColumn(table, column.name))) await runner.addColumn(table, column);
  }
}

export async function createMissingIndices(
  runner: QueryRunner,
  table: string,
  indices: readonly TableIndex[],
): Promise<void> {
  for (const index of indices) {
    if (!(await hasIndex(runner, table, index.name))) await runner.createIndex(table, index);
  }
}

export async function dropIndexIfThere(runner: QueryRunner, table: string, name: string): Promise<void> {
  if (await hasIndex(runner, table, name)) await runner.dropIndex(table, name);
}

async function hasIndex(runner: QueryRunner, table: string, name: string | undefined): Promise<boolean> {
  return (await runner.getTable(table))?.indices.some((index) => index.name === name) ?? false;
}
