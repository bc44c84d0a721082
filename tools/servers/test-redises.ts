import { join } from 'node:path';
import { REDIS_INSTALL_COMMAND } from './redis-server.ts';
import { findTestRedis, startTestRedis } from './test-redis-server.ts';
import type { TestRedisServer } from './test-redis-server.ts';

/** One per test file, so plenty; an empty database costs Redis a few bytes. */
const DATABASES = 1_024;
/** What a server has when nobody changed it; used for TEST_REDIS_URL. Number 0 is left alone. */
const DEFAULT_DATABASES = 16;

const MISSING = [
  'Tests need a Redis and this machine has none: no redis-server or valkey-server on the PATH, no Docker that answers.',
  `Install one:   ${REDIS_INSTALL_COMMAND}`,
  'or name one that tests may empty:   TEST_REDIS_URL=redis://127.0.0.1:6379',
].join('\n');

export interface PrivateRedis {
  readonly id: string;
  readonly url: string;
}

export interface TestRedises {
  /** An empty database of the shared server. */
  database(): Promise<{ url: string }>;
  startPrivate(): Promise<PrivateRedis>;
  /** Like a crash: no warning, and nothing is kept. */
  killPrivate(id: string): Promise<void>;
  /** Brings a killed server back, empty, at the same address. */
  restartPrivate(id: string): Promise<void>;
  removePrivate(id: string): Promise<void>;
  close(): Promise<void>;
}

export function openRedises(dir: string): TestRedises {
  const own = new Map<string, TestRedisServer>();
  let shared: Promise<TestRedisServer> | null = null;
  let handedOut = 0;
  let privates = 0;

  const start = async (folder: string): Promise<TestRedisServer> => {
    const source = await findTestRedis();
    if (source === null) throw new Error(MISSING);
    return startTestRedis(source, { dir: join(dir, folder), databases: DATABASES });
  };
  const find = (id: string): TestRedisServer => {
    const server = own.get(id);
    if (server === undefined) throw new Error(`There is no private Redis "${id}" (any more).`);
    return server;
  };

  return {
    async database() {
      const external = process.env['TEST_REDIS_URL'];
      handedOut += 1;
      const number = handedOut;
      if (external !== undefined && external !== '')
        return { url: withDatabase(external, number, DEFAULT_DATABASES) };
      shared ??= start('redis');
      return { url: withDatabase((await shared).url, number, DATABASES) };
    },
    async startPrivate() {
      privates += 1;
      const id = `redis-private-${privates}`;
      const server = await start(id);
      own.set(id, server);
      return { id, url: server.url };
    },
    async killPrivate(id) {
      await find(id).kill();
    },
    async restartPrivate(id) {
      await find(id).restart();
    },
    async removePrivate(id) {
      await find(id).stop();
    },
    async close() {
      const servers = [
        ...own.values(),
        ...(shared === null ? [] : await Promise.allSettled([shared]).then(started)),
      ];
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function withDatabase(url: string, number: number, databases: number): string {
  const own = new URL(url);
  own.pathname = `/${1 + ((number - 1) % (databases - 1))}`;
  return own.href;
}

function started(results: readonly PromiseSettledResult<TestRedisServer>[]): TestRedisServer[] {
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
