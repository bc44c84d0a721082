import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { eventually } from './eventually.ts';
import { startMariaDb } from './mariadb.ts';
import { startPrivateRedis, startRedis } from './redis.ts';
import type { PrivateRedis } from './redis.ts';

test('two test files never see the keys of each other', async () => {
  const [one, two] = await Promise.all([startRedis(), startRedis()]);
  const clients = [new Redis(one.url), new Redis(two.url)] as const;
  try {
    await clients[0].set('key', 'of one');
    await expect(clients[1].get('key')).resolves.toBeNull();
  } finally {
    for (const client of clients) client.disconnect();
  }
});

test('two tests get two databases', async () => {
  const [one, two] = await Promise.all([startMariaDb(), startMariaDb()]);
  const connection = await createConnection({ ...one });
  try {
    await connection.query('CREATE TABLE only_here (id INT PRIMARY KEY)');
    const [tables] = await connection.query(`SHOW TABLES FROM ${two.database}`);
    expect(tables).toEqual([]);
  } finally {
    await connection.end();
  }
});

describe('a private Redis', () => {
  let redis: PrivateRedis;
  let client: Redis;

  beforeAll(async () => {
    redis = await startPrivateRedis();
    client = new Redis(redis.url, { retryStrategy: () => 20, maxRetriesPerRequest: 0 });
    client.on('error', () => undefined);
  });

  afterAll(async () => {
    client.disconnect();
    await redis.remove();
  });

  test('is gone when killed and answers again, at the same address, when started', async () => {
    await client.set('key', 'value');
    await redis.kill();
    await expect(client.ping()).rejects.toThrow();
    await redis.start();
    await eventually(() => client.ping());
    await expect(client.get('key')).resolves.toBeNull();
  });
});
