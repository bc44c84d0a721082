import type { EntityManager, EntityMetadata, ObjectLiteral, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { z } from 'zod';

/** A column's value, null for `IS NULL`, several values of which it has one, or several that it must not have. */
type Conditions<Row> = {
  readonly [Name in keyof Row]?:
    Row[Name] | { readonly in: readonly Row[Name][] } | { readonly notIn: readonly Row[Name][] };
};

interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

const mysqlInsert = z.object({ insertId: z.int().positive() });

/**
 * Statements on one table for the few transactions that somebody waits for. TypeORM's query builder makes the text of a
 * statement anew each time, which takes several times as long as the statement (storing a message: 2.2 ms with it, 0.8
 * with this, see docs/decisions/2026-11-21-first-token.md). Names and conversions of columns come from the entity all the
 * same, and values are parameters always.
 */
export class PlainTable<Row extends ObjectLiteral & { id: number }> {
  private readonly runner: QueryRunner;
  private readonly metadata: EntityMetadata;

  /** @param manager of a transaction */
  constructor(manager: EntityManager, entity: string) {
    if (manager.queryRunner === undefined) throw new Error('plain statements belong into a transaction');
    this.runner = manager.queryRunner;
    this.metadata = manager.dataSource.getMetadata(entity);
  }

  /** Resolves with the new row's id. */
  async insert(row: Omit<Row, 'id'>): Promise<number> {
    const columns = Object.keys(row).map((name) => this.column(name));
    const sql = `INSERT INTO ${this.table} (${columns.map((column) => this.nameOf(column)).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
    const { raw } = (await this.runner.query(
      sql,
      columns.map((column) => this.stored(column, row[column.propertyName as keyof typeof row])),
      true,
    )) as { readonly raw: unknown };
    return typeof raw === 'number' || typeof raw === 'bigint' ? Number(raw) : mysqlInsert.parse(raw).insertId;
  }

  /** Resolves with whether there was such a row. */
  async update(where: Conditions<Row>, set: Partial<Row>): Promise<boolean> {
    const changes = Object.entries<unknown>(set).map(([name, value]) => ({
      column: this.column(name),
      value,
    }));
    const { sql, values } = this.where(where);
    const { affected } = await this.runner.query(
      `UPDATE ${this.table} SET ${changes.map(({ column }) => `${this.nameOf(column)} = ?`).join(', ')} WHERE ${sql}`,
      [...changes.map(({ column, value }) => this.stored(column, value)), ...values],
      true,
    );
    return affected !== 0;
  }

  async find(where: Conditions<Row>): Promise<Row | null> {
    const { columns, dataSource } = this.metadata;
    const { sql, values } = this.where(where);
    const { records } = await this.runner.query(
      `SELECT ${columns.map((column) => this.nameOf(column)).join(', ')} FROM ${this.table} WHERE ${sql} LIMIT 1`,
      [...values],
      true,
    );
    const found = records[0] as Record<string, unknown> | undefined;
    if (found === undefined) return null;
    const read = columns.map((column): [string, unknown] => [
      column.propertyName,
      dataSource.driver.prepareHydratedValue(found[column.databaseName], column),
    ]);
    return Object.fromEntries(read) as Row;
  }

  async has(where: Conditions<Row>): Promise<boolean> {
    const { sql, values } = this.where(where);
    const { records } = await this.runner.query(
      `SELECT 1 FROM ${this.table} WHERE ${sql} LIMIT 1`,
      [...values],
      true,
    );
    return records.length > 0;
  }

  private get table(): string {
    return this.runner.dataSource.driver.escape(this.metadata.tableName);
  }

  private column(name: string): ColumnMetadata {
    const column = this.metadata.findColumnWithPropertyName(name);
    if (column === undefined) throw new Error(`${this.metadata.name} has no column ${name}`);
    return column;
  }

  private nameOf(column: ColumnMetadata): string {
    return this.metadata.dataSource.driver.escape(column.databaseName);
  }

  private stored(column: ColumnMetadata, value: unknown): unknown {
    return this.metadata.dataSource.driver.preparePersistentValue(value, column);
  }

  private where(where: Conditions<Row>): Condition {
    const conditions = Object.entries(where).map(([name, value]) => this.condition(this.column(name), value));
    return {
      sql: conditions.map(({ sql }) => sql).join(' AND '),
      values: conditions.flatMap(({ values }) => values),
    };
  }

  private condition(column: ColumnMetadata, value: unknown): Condition {
    const name = this.nameOf(column);
    if (value === null) return { sql: `${name} IS NULL`, values: [] };
    const list = typeof value === 'object' ? listOf(value) : null;
    if (list === null) return { sql: `${name} = ?`, values: [this.stored(column, value)] };
    const places = list.values.map(() => '?').join(', ');
    return {
      sql: `${name} ${list.operator} (${places})`,
      values: list.values.map((one) => this.stored(column, one)),
    };
  }
}

function listOf(
  value: object,
): { readonly operator: 'IN' | 'NOT IN'; readonly values: readonly unknown[] } | null {
  if ('in' in value && Array.isArray(value.in)) return { operator: 'IN', values: value.in };
  if ('notIn' in value && Array.isArray(value.notIn)) return { operator: 'NOT IN', values: value.notIn };
  return null;
}
