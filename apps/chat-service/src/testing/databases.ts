import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log } from '@baton/platform';
import { openDatabase, type DatabaseConfig, type Dialect } from '@baton/platform/database';
import { startMariaDb } from '@baton/testing';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { chatSchema } from '../migrations/schema.ts';

export const DIALECTS: readonly Dialect[] = ['sqlite', 'mysql'];

export const quietLog = new Log(pino({ level: 'silent' }));

export interface TestDatabase {
  readonly source: DataSource;
  close(): Promise<void>;
}

/** A migrated, empty database of this service that no other test uses. */
export async function openTestDatabase(dialect: Dialect): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'chat-service-'));
  const config: DatabaseConfig =
    dialect === 'mysql' ? { dialect, ...(await startMariaDb()) } : { dialect, folder };
  const source = await openDatabase({ schema: chatSchema, config, logSql: false, log: quietLog });
  return {
    source,
    close: async () => {
      await source.destroy();
      await rm(folder, { recursive: true });
    },
  };
}
