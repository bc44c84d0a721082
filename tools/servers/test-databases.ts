import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { MARIADB_INSTALL_COMMAND, findMariaDbProgram, startMariaDbServer } from './mariadb-server.ts';
import type { MariaDbProgram } from './mariadb-server.ts';
import { chooseSource } from './server-source.ts';
import type { ServerSource } from './server-source.ts';
import { canRunContainers, startMariaDbContainer } from './test-containers.ts';

const MISSING = [
  'Tests need a MariaDB and this machine has none: no mariadbd on the PATH, no Docker that answers.',
  `Install one:   ${MARIADB_INSTALL_COMMAND}`,
  'or name one where tests may create databases:   TEST_MYSQL_URL=mysql://root:password@127.0.0.1:3306',
].join('\n');

export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface TestDatabase extends DatabaseAccess {
  readonly database: string;
}

interface TestDatabaseServer extends DatabaseAccess {
  stop(): Promise<void>;
}

export interface TestDatabases {
  /** A new empty database. In a server of somebody else (TEST_MYSQL_URL) it is dropped at the end. */
  create(): Promise<TestDatabase>;
  close(): Promise<void>;
}

export function openDatabases(dir: string): TestDatabases {
  const run = randomBytes(4).toString('hex');
  const created: string[] = [];
  let server: Promise<TestDatabaseServer> | null = null;

  const access = async (): Promise<DatabaseAccess> => {
    const external = externalAccess();
    if (external !== null) return external;
    server ??= startOwn(join(dir, 'mariadb'));
    const { host, port, user, password } = await server;
    return { host, port, user, password };
  };

  return {
    async create() {
      const at = await access();
      const database = `baton_test_${run}_${created.length + 1}`;
      created.push(database);
      await execute(at, [`CREATE DATABASE ${database} CHARACTER SET utf8mb4`]);
      return { ...at, database };
    },
    async close() {
      const external = externalAccess();
      if (external !== null && created.length > 0) {
        await execute(
          external,
          created.map((name) => `DROP DATABASE IF EXISTS ${name}`),
        );
      }
      if (server === null) return;
      const [result] = await Promise.allSettled([server]);
      if (result.status === 'fulfilled') await result.value.stop();
    },
  };
}

/** Null when this machine has neither a MariaDB nor anything that runs containers. */
export function findTestMariaDb(): Promise<ServerSource<MariaDbProgram> | null> {
  return chooseSource(findMariaDbProgram(), canRunContainers);
}

async function startOwn(dir: string): Promise<TestDatabaseServer> {
  const source = await findTestMariaDb();
  if (source === null) throw new Error(MISSING);
  if (source.kind === 'container') return startMariaDbContainer();
  const { process, ...access } = await startMariaDbServer(source.program, dir);
  return {
    ...access,
    stop: async () => {
      await process.stop();
    },
  };
}

function externalAccess(): DatabaseAccess | null {
  const given = process.env['TEST_MYSQL_URL'];
  if (given === undefined || given === '') return null;
  const url = new URL(given);
  return {
    host: url.hostname,
    port: url.port === '' ? 3_306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

async function execute(at: DatabaseAccess, statements: readonly string[]): Promise<void> {
  const connection = await createConnection({ ...at });
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}
