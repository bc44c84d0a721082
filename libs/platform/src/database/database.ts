import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { DataSource, type DataSourceOptions, type EntitySchema, type MigrationInterface } from 'typeorm';
import { z } from 'zod';
import { envBoolean, envInteger } from '../config/env.ts';
import type { Log } from '../logging/log.ts';
import type { Dialect } from './columns.ts';
import { SqlLog } from './sql-log.ts';
import { SqliteDriver } from './sqlite-driver.ts';

/** `DB_*` as the seeds name them. Without `DB_USE_MYSQL` each service keeps one SQLite file in the data folder. */
export function databaseEnv() {
  return {
    DB_USE_MYSQL: envBoolean(false),
    DB_HOST: z.string().default('localhost'),
    DB_PORT: envInteger({ default: 3306, min: 1, max: 65_535 }),
    DB_USER: z.string().default('root'),
    DB_PASSWORD: z.string().default(''),
    DB_NAME: z
      .string()
      .regex(/^\w{1,64}$/, { error: 'must be letters, digits and underscores' })
      .default('baton'),
  };
}

export type DatabaseConfig =
  | { readonly dialect: 'sqlite'; readonly folder: string }
  | {
      readonly dialect: 'mysql';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };

export function databaseConfig(
  env: z.output<z.ZodObject<ReturnType<typeof databaseEnv>>>,
  dataDir: string,
): DatabaseConfig {
  if (!env.DB_USE_MYSQL) return { dialect: 'sqlite', folder: join(dataDir, 'data') };
  return {
    dialect: 'mysql',
    host: env.DB_HOST,
    port: env.DB_PORT,
    user: env.DB_USER,
    password: env.DB_PASSWORD,
    database: env.DB_NAME,
  };
}

export type MigrationClass = new () => MigrationInterface;

/** What a service keeps: its tables and how they came to be. Entities depend on the dialect only in column types. */
export interface Schema {
  /** The owning service; names the SQLite file and the migrations table. */
  readonly owner: string;
  readonly entities: (dialect: Dialect) => EntitySchema[];
  readonly migrations: readonly MigrationClass[];
}

export interface OpenDatabase {
  readonly schema: Schema;
  readonly config: DatabaseConfig;
  readonly logSql: boolean;
  readonly log: Log;
}

/** Opens the database and brings its tables up to date. The schema is changed by migrations only. */
export async function openDatabase(options: OpenDatabase): Promise<DataSource> {
  const source = new DataSource(await dataSourceOptions(options));
  await source.initialize();
  const applied = await source.runMigrations({ transaction: 'each' }).catch(async (error: unknown) => {
    // Or its connections would keep a process alive that could not start.
    await source.destroy();
    throw error;
  });
  if (applied.length > 0) {
    options.log.event('database.migrate', {
      owner: options.schema.owner,
      migrations: applied.map(({ name }) => name),
    });
  }
  return source;
}

async function dataSourceOptions({ schema, config, logSql, log }: OpenDatabase): Promise<DataSourceOptions> {
  const owner = schema.owner.replaceAll('-', '_');
  const common = {
    name: owner,
    entities: schema.entities(config.dialect),
    migrations: [...schema.migrations],
    migrationsTableName: `migrations_${owner}`,
    synchronize: false,
    logging: logSql,
    logger: new SqlLog(logSql ? log : null),
  };
  if (config.dialect === 'mysql') {
    return {
      ...common,
      type: await serverKind(config),
      connectorPackage: 'mysql2',
      host: config.host,
      port: config.port,
      username: config.user,
      password: config.password,
      database: config.database,
      charset: 'utf8mb4',
      timezone: 'Z',
    } as DataSourceOptions;
  }
  mkdirSync(config.folder, { recursive: true, mode: 0o700 });
  return {
    ...common,
    type: 'better-sqlite3',
    driver: SqliteDriver,
    database: join(config.folder, `${schema.owner}.sqlite`),
    prepareDatabase: (database: { exec(sql: string): void }) => {
      // WAL lets readers go on while one writes; NORMAL may lose the last commits on a power cut, never on a crash.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
      database.exec('PRAGMA foreign_keys = ON;');
    },
  };
}

/** MariaDB tells its tables differently: taken for MySQL, every nullable column would look as if it had to be changed. */
async function serverKind(
  config: Extract<DatabaseConfig, { dialect: 'mysql' }>,
): Promise<'mysql' | 'mariadb'> {
  const { host, port, user, password, database } = config;
  // Only here: with SQLite nobody pays for the client of another database.
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection({ host, port, user, password, database });
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
    return String(rows[0]?.['version']).toLowerCase().includes('mariadb') ? 'mariadb' : 'mysql';
  } finally {
    await connection.end();
  }
}
