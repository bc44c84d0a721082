import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, createLogger } from '@baton/platform';
import { openDatabase, type DatabaseConfig } from '@baton/platform/database';
import { startMariaDb } from '@baton/testing';
import type { DataSource } from 'typeorm';
import { gatewaySchema } from '../schema.ts';
import { UsersRepository, type NewUser } from './users.repository.ts';

const log = new Log(createLogger('test', 'fatal'));

const sqlite = (): Promise<DatabaseConfig> =>
  Promise.resolve({ dialect: 'sqlite', folder: mkdtempSync(join(tmpdir(), 'baton-users-')) });
const mysql = async (): Promise<DatabaseConfig> => ({ dialect: 'mysql', ...(await startMariaDb()) });

describe.each([
  ['SQLite', sqlite],
  ['MariaDB', mysql],
])('on %s', (_, makeConfig) => {
  let config: DatabaseConfig;
  const open: DataSource[] = [];

  /** As many gateways as asked for, on one database. A SQLite file has one process, so there they share a connection. */
  async function gateways(count: 1 | 2): Promise<[UsersRepository, UsersRepository]> {
    const sources: DataSource[] = [];
    for (let index = 0; index < (config.dialect === 'sqlite' ? 1 : count); index += 1) {
      sources.push(await openDatabase({ schema: gatewaySchema, config, logSql: false, log }));
    }
    open.push(...sources);
    const [first, second = first] = sources;
    if (first === undefined || second === undefined) throw new Error('no database');
    return [new UsersRepository(first), new UsersRepository(second)];
  }

  function user(username: string, email: string | null = null): NewUser {
    return { username, email, passwordHash: 'hash', createdAtMs: 1_700_000_000_000 };
  }

  beforeAll(async () => {
    config = await makeConfig();
  });

  afterAll(() => {
    if (config.dialect === 'sqlite') rmSync(config.folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    await open[0]?.query('DELETE FROM users');
    for (const source of open.splice(0)) await source.destroy();
  });

  test('the migrations make exactly the schema that the entities describe, and can be taken back', async () => {
    await gateways(1);
    const [source] = open;
    const pending = await source?.driver.createSchemaBuilder().log();
    expect(pending?.upQueries.map(({ query }) => query)).toEqual([]);
    await source?.undoLastMigration();
    await source?.runMigrations();
  });

  test('of many who register at once, on two gateways, exactly one is the first', async () => {
    const [a, b] = await gateways(2);
    const rows = await Promise.all(
      Array.from({ length: 12 }, (__, index) => (index % 2 === 0 ? a : b).register(user(`user${index}`), 0)),
    );
    expect(rows.filter((row) => row.role === 'admin')).toHaveLength(1);
    expect(new Set(rows.map((row) => row.seat)).size).toBe(12);
  });

  test('of many who want the last places at once, on two gateways, only so many get in', async () => {
    const [a, b] = await gateways(2);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (__, index) => (index % 2 === 0 ? a : b).register(user(`user${index}`), 5)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'user.limit_reached' });
    }
  });

  test('the same name at once is given to one', async () => {
    const [a, b] = await gateways(2);
    const outcomes = await Promise.allSettled([a.register(user('Same'), 0), b.register(user('sAME'), 0)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'user.name_taken' },
    });
  });

  test('names that only look alike are different names', async () => {
    const [repository] = await gateways(1);
    for (const name of ['resume', 'résumé', 'елка', 'ёлка']) await repository.register(user(name), 0);
    expect(await repository.findByLogin('RÉSUMÉ')).toMatchObject({ username: 'résumé' });
    expect(await repository.findByLogin('resume')).toMatchObject({ username: 'resume' });
    expect(await repository.findByLogin('Ёлка')).toMatchObject({ username: 'ёлка' });
  });

  test('what is stored comes back exactly', async () => {
    const [repository] = await gateways(1);
    const row = await repository.register(user('Анна', 'Anna@Example.org'), 0);
    expect(await repository.findById(row.id)).toEqual({
      id: row.id,
      seat: 1,
      username: 'Анна',
      usernameKey: 'анна',
      email: 'Anna@Example.org',
      emailKey: 'anna@example.org',
      passwordHash: 'hash',
      role: 'admin',
      locale: null,
      disabledAtMs: null,
      tokenVersion: 0,
      createdAtMs: 1_700_000_000_000,
    });
  });

  test('two users cannot move to one address', async () => {
    const [repository] = await gateways(1);
    await repository.register(user('one', 'taken@example.org'), 0);
    const two = await repository.register(user('two'), 0);
    await expect(repository.update(two.id, { email: 'TAKEN@example.org' })).rejects.toMatchObject({
      code: 'user.email_taken',
    });
  });
});
