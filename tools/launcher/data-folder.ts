import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartError } from './start-error.ts';

export interface Secrets {
  readonly JWT_SECRET: string;
  readonly BATON_INTERNAL_SECRET: string;
}

export interface RunningService {
  readonly pid: number;
  readonly http: string;
  /** `host:port` of its calls; null for one that answers none. */
  readonly rpc: string | null;
}

/** Where a running stack and its parts are reached. */
export interface RunAddresses {
  readonly url: string;
  /** With its password in it. */
  readonly redisUrl: string;
  /** Of the simulated card; null when no engine is simulated. */
  readonly cardUrl: string | null;
  readonly services: Readonly<Record<string, RunningService>>;
}

/** What a running stack tells other tools (`npm run demo`, the system tests) about itself. */
export interface RunRecord extends RunAddresses {
  readonly pid: number;
  readonly startedAt: string;
}

/** Where one stack keeps everything. Only one stack at a time may use it. */
export interface DataFolder {
  readonly path: string;
  readonly redis: string;
  readonly logs: string;
  readonly secrets: Secrets;
  /** Says where the stack is reached, once it is, and again when a part of it was started anew. */
  publish(run: RunAddresses): void;
  /** Gives the folder up; the record of the run goes with it. */
  release(): void;
}

/** @throws StartError when another stack runs in this folder */
export function openDataFolder(dir: string): DataFolder {
  const path = resolve(dir);
  const lock = join(path, 'launcher.lock');
  const record = join(path, 'run.json');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  takeLock(lock, path);
  const logs = join(path, 'logs');
  const startedAt = new Date().toISOString();
  mkdirSync(logs, { recursive: true });
  return {
    path,
    redis: join(path, 'redis'),
    logs,
    secrets: readSecrets(join(path, 'secrets.json')),
    publish(addresses) {
      const run: RunRecord = { pid: process.pid, startedAt, ...addresses };
      // Renamed into place: a reader never sees half of it.
      writeFileSync(`${record}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${record}.new`, record);
    },
    release() {
      rmSync(record, { force: true });
      rmSync(lock, { force: true });
    },
  };
}

function takeLock(lock: string, folder: string): void {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(lock, 'utf8'));
    if (Number.isInteger(holder) && holder > 0 && isAlive(holder)) {
      throw new StartError(
        `Baton runs already in ${folder} (process ${holder}).\n` +
          'Stop that one first, or start a second one with a folder of its own:   npm start -- --data DIR\n' +
          `If process ${holder} is something else, remove ${lock}`,
      );
    }
    // Its owner was killed before it could tidy up.
    rmSync(lock, { force: true });
  }
  throw new StartError(`${lock} is being taken by another start at this very moment.`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}

/** Made once and kept: new ones would log everybody out at each start. */
function readSecrets(file: string): Secrets {
  const kept = readKeptSecrets(file);
  const secrets: Secrets = {
    JWT_SECRET: kept.JWT_SECRET ?? randomBytes(48).toString('base64url'),
    BATON_INTERNAL_SECRET: kept.BATON_INTERNAL_SECRET ?? randomBytes(32).toString('base64url'),
  };
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

function readKeptSecrets(file: string): Partial<Secrets> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw new StartError(
      `${file} cannot be read. Remove it to get new secrets (everybody must log in again).`,
    );
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
