import { canInstall, installPackages } from '../servers/apt.ts';
import { REDIS_INSTALL_COMMAND, findRedis, startRedisServer } from '../servers/redis-server.ts';
import type { RedisProgram, RedisServer } from '../servers/redis-server.ts';
import { StartError } from './start-error.ts';

const MISSING = [
  'Baton needs Redis, and this machine has none: no redis-server or valkey-server on the PATH, no Docker that answers.',
  `Install one:                ${REDIS_INSTALL_COMMAND}`,
  'or name one that you have:  REDIS_URL=redis://127.0.0.1:6379 npm start',
].join('\n');

export interface PrivateRedisOptions {
  readonly dir: string;
  readonly say: (text: string) => void;
  readonly onLine: (line: string) => void;
  /** Of the server that is gone, when it is started again for clients that know its address. */
  readonly again?: { readonly port: number; readonly password: string };
}

/** A Redis of Baton's own, whatever else runs on this machine. @throws StartError when there is no way to get one */
export async function startPrivateRedis({
  dir,
  say,
  onLine,
  again,
}: PrivateRedisOptions): Promise<RedisServer> {
  const program = (await findRedis()) ?? (await installRedis(say));
  if (program === null) throw new StartError(MISSING);
  if (program.kind === 'docker')
    say('Redis runs in a Docker container; the first time its image is fetched.');
  return startRedisServer({ program, dir, persistence: 'append-only', onLine, ...again });
}

async function installRedis(say: (text: string) => void): Promise<RedisProgram | null> {
  if (!canInstall() || !(await installPackages(['redis-server'], say))) return null;
  return findRedis();
}
