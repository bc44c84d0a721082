import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Log } from '../logging/log.ts';
import { openDatabase } from './database.ts';

test('LOG_SQL shows statements and none of their values', async () => {
  const written = await logOf({ logSql: true });
  expect(written).toContain('SELECT ? AS said');
  expect(written).toContain('sql.fail');
  expect(written).not.toContain('secret');
});

test('without LOG_SQL no statement is shown', async () => {
  expect(await logOf({ logSql: false })).toBe('');
});

/** What is logged while one statement works and one fails. */
async function logOf({ logSql }: { logSql: boolean }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sql-log-'));
  let written = '';
  const output = new Writable({
    write: (piece: Buffer, _encoding, done) => {
      written += piece.toString();
      done();
    },
  });
  const source = await openDatabase({
    schema: { owner: 'sql-log', entities: () => [], migrations: [] },
    config: { dialect: 'sqlite', folder },
    logSql,
    log: new Log(pino(output)),
  });
  try {
    await source.query('SELECT ? AS said', ['my secret question']);
    await source.query('SELECT * FROM nowhere WHERE said = ?', ['my secret question']).catch(() => undefined);
  } finally {
    await source.destroy();
    await rm(folder, { recursive: true });
  }
  return written;
}
