import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log } from '@baton/platform';
import { openDatabase, type DatabaseConfig, type Dialect, type Schema } from '@baton/platform/database';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { startMariaDb } from './mariadb.ts';

/** Both databases that Baton speaks: `describe.each(DIALECTS)`. */
export const DIALECTS: readonly Dialect[] = ['sqlite', 'mysql'];

/** A log for tests that are not about logging. */
export const quietLog = new Log(pino({ enabled: false }));

export interface TestDatabase {
  readonly source: DataSource;
  close(): Promise<void>;
}

/** A migrated, empty database with a service's tables that no other test uses. */
export async function openTestDatabase(schema: Schema, dialect: Dialect): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), `${schema.owner}-`));
  const config: DatabaseConfig =
    dialect === 'mysql' ? { dialect, ...(await startMariaDb()) } : { dialect, folder };
  const source = await openDatabase({ schema, config, logSql: false, log: quietLog });
  return {
    source,
    close: async () => {
      await source.destroy();
      await rm(folder, { recursive: true });
    },
  };
}
