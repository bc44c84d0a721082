import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './find-program.ts';
import { onLoopbackPort } from './loopback-port.ts';
import { OwnedProcess } from './owned-process.ts';

const USER = 'baton';
/** The server says its port when it listens; while it prepares itself it says port 0. */
export const MARIADB_READY = /\bport: [1-9]/;
const READY_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 60_000;
const GRACE_MS = 10_000;

export const MARIADB_INSTALL_COMMAND = 'sudo apt-get install -y mariadb-server';

/** What makes a throw-away server quick: nothing in it survives a power cut. */
export const MARIADB_TUNING = [
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-buffer-pool-size=32M',
  '--innodb-log-file-size=8M',
  '--character-set-server=utf8mb4',
  '--skip-name-resolve',
] as const;

export interface MariaDbProgram {
  readonly server: string;
  readonly installer: string;
}

export function findMariaDbProgram(): MariaDbProgram | null {
  const server = findProgram(['mariadbd']);
  const installer = findProgram(['mariadb-install-db']);
  return server === null || installer === null ? null : { server, installer };
}

export interface MariaDbServer {
  readonly process: OwnedProcess;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A server for tests. */
export async function startMariaDbServer(program: MariaDbProgram, dir: string): Promise<MariaDbServer> {
  const password = randomBytes(24).toString('hex');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await prepareDataFolder(program.installer, dir, password);
  return onLoopbackPort(async (port) => {
    const server = new OwnedProcess({
      name: 'mariadb',
      command: mariaDbCommand(program, { dir, port }),
      graceMs: GRACE_MS,
    });
    try {
      await server.waitForLine(MARIADB_READY, READY_TIMEOUT_MS);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return { process: server, host: '127.0.0.1', port, user: USER, password };
  });
}

async function prepareDataFolder(installer: string, dir: string, password: string): Promise<void> {
  await promisify(execFile)(
    installer,
    [
      '--no-defaults',
      `--datadir=${join(dir, 'data')}`,
      `--user=${userInfo().username}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--innodb-log-file-size=8M',
    ],
    { timeout: INSTALL_TIMEOUT_MS },
  );
  const statements = [
    `CREATE USER IF NOT EXISTS '${USER}'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO '${USER}'@'127.0.0.1';`,
  ];
  await writeFile(join(dir, 'init.sql'), `${statements.join('\n')}\n`, { mode: 0o600 });
}

function mariaDbCommand(
  { server }: MariaDbProgram,
  { dir, port }: { readonly dir: string; readonly port: number },
): string[] {
  return [
    server,
    '--no-defaults',
    `--user=${userInfo().username}`,
    `--datadir=${join(dir, 'data')}`,
    `--init-file=${join(dir, 'init.sql')}`,
    `--socket=${join(dir, 'mariadb.sock')}`,
    `--pid-file=${join(dir, 'mariadb.pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    ...MARIADB_TUNING,
  ];
}
