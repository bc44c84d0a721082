import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { containerCommand, findDocker } from './docker.ts';
import { findProgram } from './find-program.ts';
import { onLoopbackPort } from './loopback-port.ts';
import { OwnedProcess } from './owned-process.ts';

const IMAGE = 'mariadb:11';
const USER = 'baton';
/** The server says its port when it listens; while it prepares itself it says port 0. */
const READY = /\bport: [1-9]/;
const READY_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 60_000;
const GRACE_MS = 10_000;

export const MARIADB_INSTALL_COMMAND = 'sudo apt-get install -y mariadb-server';

export type MariaDbProgram =
  | { readonly kind: 'program'; readonly server: string; readonly installer: string }
  | { readonly kind: 'docker'; readonly docker: string };

/** Null when there is neither mariadbd nor a Docker that answers. */
export async function findMariaDb(): Promise<MariaDbProgram | null> {
  const server = findProgram(['mariadbd']);
  const installer = findProgram(['mariadb-install-db']);
  if (server !== null && installer !== null) return { kind: 'program', server, installer };
  const docker = await findDocker();
  return docker === null ? null : { kind: 'docker', docker };
}

export interface MariaDbServer {
  readonly process: OwnedProcess;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A throw-away server for tests: nothing in it survives a power cut, which is what makes it quick. */
export async function startMariaDbServer(program: MariaDbProgram, dir: string): Promise<MariaDbServer> {
  const password = randomBytes(24).toString('hex');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (program.kind === 'program') await prepareDataFolder(program.installer, dir, password);
  return onLoopbackPort(async (port) => {
    const server = new OwnedProcess({
      name: 'mariadb',
      command: mariaDbCommand(program, { dir, port, password }),
      graceMs: GRACE_MS,
    });
    try {
      await server.waitForLine(READY, READY_TIMEOUT_MS);
    } catch (error) {
      await server.stop();
      throw error;
    }
    // The account that the image prepares for applications owns one database; tests make their own, so they get root.
    const user = program.kind === 'docker' ? 'root' : USER;
    return { process: server, host: '127.0.0.1', port, user, password };
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

interface Placement {
  readonly dir: string;
  readonly port: number;
  readonly password: string;
}

function mariaDbCommand(program: MariaDbProgram, { dir, port, password }: Placement): string[] {
  const tuning = [
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=32M',
    '--innodb-log-file-size=8M',
    '--character-set-server=utf8mb4',
    '--skip-name-resolve',
  ];
  if (program.kind === 'docker') {
    return containerCommand({
      docker: program.docker,
      image: IMAGE,
      name: `baton-mariadb-${port}`,
      hostPort: port,
      containerPort: 3306,
      env: { MARIADB_ROOT_PASSWORD: password, MARIADB_ROOT_HOST: '%' },
      command: tuning,
    });
  }
  return [
    program.server,
    '--no-defaults',
    `--user=${userInfo().username}`,
    `--datadir=${join(dir, 'data')}`,
    `--init-file=${join(dir, 'init.sql')}`,
    `--socket=${join(dir, 'mariadb.sock')}`,
    `--pid-file=${join(dir, 'mariadb.pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    ...tuning,
  ];
}
