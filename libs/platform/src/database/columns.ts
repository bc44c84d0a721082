import type { DataSource, EntitySchemaColumnOptions } from 'typeorm';

/** The two families of SQL that Baton speaks; `mysql` stands for MariaDB too. */
export type Dialect = 'sqlite' | 'mysql';

export function dialectOf(source: DataSource): Dialect {
  return source.options.type === 'better-sqlite3' ? 'sqlite' : 'mysql';
}

/** Text without a practical limit. Plain `text` holds only 64 KiB in MySQL. */
export function longText(dialect: Dialect): 'text' | 'longtext' {
  return dialect === 'mysql' ? 'longtext' : 'text';
}

/** Whole numbers up to 2^31. */
export function integerType(dialect: Dialect): 'int' | 'integer' {
  return dialect === 'mysql' ? 'int' : 'integer';
}

/** Type of a column that is true or false, for migrations. */
export function booleanType(dialect: Dialect): { readonly type: string; readonly width?: number } {
  return dialect === 'mysql' ? { type: 'tinyint', width: 1 } : { type: 'boolean' };
}

/** Type of a long text that both databases compare byte by byte. */
export function exactText(dialect: Dialect): { readonly type: 'text' | 'longtext' } & typeof EXACT.sqlite {
  return { type: longText(dialect), ...EXACT[dialect] };
}

const EXACT: Record<Dialect, { readonly charset?: string; readonly collation?: string }> = {
  sqlite: {},
  mysql: { charset: 'utf8mb4', collation: 'utf8mb4_bin' },
};

/** Milliseconds since the epoch: exact in both databases and free of time zones. mysql2 hands bigint over as text. */
export const epochMs = {
  type: 'bigint',
  transformer: {
    to: (value: number | null | undefined) => value,
    from: (value: string | number | null) => (value === null ? null : Number(value)),
  },
} as const satisfies EntitySchemaColumnOptions;

/** A JSON value in a long text column. Readers parse it by a schema: rows may be older than the code. */
export function jsonColumn(dialect: Dialect) {
  return {
    type: longText(dialect),
    transformer: {
      to: (value: unknown) => (value === null || value === undefined ? value : JSON.stringify(value)),
      from: (value: string | null): unknown => (value === null ? null : JSON.parse(value)),
    },
  } as const satisfies EntitySchemaColumnOptions;
}
