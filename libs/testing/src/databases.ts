import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log } from '@baton/platform';
import {
  openDatabase,
  type DatabaseConfig,
  type Dialect,
  type MigrationClass,
  type Schema,
} from '@baton/platform/database';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { cutAfter } from './cut-migration.ts';
import { startMariaDb } from './mariadb.ts';

/** Both databases that Baton speaks: `describe.each(DIALECTS)`. */
export const DIALECTS: readonly Dialect[] = ['sqlite', 'mysql'];

/** A log for tests that are not about logging. */
export const quietLog = new Log(pino({ enabled: false }));

/** Enough to come through soon, and few enough to be cut in the middle of every change of a table. */
const STATEMENTS_FURTHER = 4;
/** A migration that has not come through by then fails for another reason. */
const MOST_STATEMENTS = 1_000;

export interface TestDatabase {
  readonly source: DataSource;
  close(): Promise<void>;
}

/** A migrated, empty database with a service's tables that no other test uses. */
export async function openTestDatabase(schema: Schema, dialect: Dialect): Promise<TestDatabase> {
  const { config, folder } = await newDatabase(schema.owner, dialect);
  return opened(schema, config, folder);
}

/**
 * The same, but each migration was cut off by the process's death, again and again, further on each time. `cuts` says how
 * often that was.
 */
export async function openCutDatabase(
  schema: Schema,
  dialect: Dialect,
): Promise<TestDatabase & { readonly cuts: number }> {
  const { config, folder } = await newDatabase(schema.owner, dialect);
  const done: MigrationClass[] = [];
  let cuts = 0;
  for (const migration of schema.migrations) {
    for (let statements = 0; ; statements += STATEMENTS_FURTHER) {
      const migrations = [...done, cutAfter(migration, statements)];
      const attempt = await opened({ ...schema, migrations }, config).catch(() => undefined);
      await attempt?.close();
      if (attempt !== undefined) break;
      if (statements > MOST_STATEMENTS) throw new Error(`${migration.name} does not come through`);
      cuts += 1;
    }
    done.push(migration);
  }
  return { ...(await opened(schema, config, folder)), cuts };
}

async function newDatabase(
  owner: string,
  dialect: Dialect,
): Promise<{ readonly config: DatabaseConfig; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), `${owner}-`));
  const config: DatabaseConfig =
    dialect === 'mysql' ? { dialect, ...(await startMariaDb()) } : { dialect, folder };
  return { config, folder };
}

async function opened(
  schema: Schema,
  config: DatabaseConfig,
  /** Removed at the end. */
  folder?: string,
): Promise<TestDatabase> {
  const source = await openDatabase({ schema, config, logSql: false, log: quietLog });
  return {
    source,
    close: async () => {
      await source.destroy();
      if (folder !== undefined) await rm(folder, { recursive: true });
    },
  };
}
