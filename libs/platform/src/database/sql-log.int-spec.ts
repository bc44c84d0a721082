import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Log } from '../logging/log.ts';
import { openDatabase } from './database.ts';

test('LOG_SQL shows statements and none of their values', async () => {
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
    logSql: true,
    log: new Log(pino(output)),
  });
  try {
    await source.query('SELECT ? AS said', ['my secret question']);
    await source.query('SELECT * FROM nowhere WHERE said = ?', ['my secret question']).catch(() => undefined);
  } finally {
    await source.destroy();
    await rm(folder, { recursive: true });
  }
  expect(written).toContain('SELECT ? AS said');
  expect(written).toContain('sql.fail');
  expect(written).not.toContain('secret');
});
