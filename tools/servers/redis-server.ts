import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerCommand, findDocker } from './docker.ts';
import { findProgram } from './find-program.ts';
import { onLoopbackPort } from './loopback-port.ts';
import { OwnedProcess } from './owned-process.ts';

export const REDIS_IMAGE = 'redis:8-alpine';
export const REDIS_READY = /Ready to accept connections/;
/** A restart replays the append-only file first; a large one takes a while. A first Docker start pulls the image. */
const READY_TIMEOUT_MS = 60_000;
const GRACE_MS = 10_000;
const CONTAINER_PORT = 6_379;

export const REDIS_INSTALL_COMMAND = 'sudo apt-get install -y redis-server';

/** How a Redis is run on this machine: a program on the PATH, or a container. */
export type RedisProgram =
  { readonly kind: 'program'; readonly path: string } | { readonly kind: 'docker'; readonly docker: string };

/** Null when there is neither redis-server, valkey-server nor a Docker that answers. */
export async function findRedis(): Promise<RedisProgram | null> {
  const path = findRedisProgram();
  if (path !== null) return { kind: 'program', path };
  const docker = await findDocker();
  return docker === null ? null : { kind: 'docker', docker };
}

export function findRedisProgram(): string | null {
  return findProgram(['redis-server', 'valkey-server']);
}

export interface RedisServerOptions {
  readonly program: RedisProgram;
  /** Holds the configuration and, with `persistence`, the data. */
  readonly dir: string;
  readonly persistence: 'append-only' | 'none';
  readonly databases?: number;
  /** Given when a server that is gone is started again where its clients look for it. */
  readonly port?: number;
  readonly password?: string;
  readonly onLine?: (line: string) => void;
}

export interface RedisServer {
  readonly process: OwnedProcess;
  readonly port: number;
  readonly password: string;
  /** With the password in it: for clients, never for logs. */
  readonly url: string;
}

/** Starts a Redis that only this machine reaches and only who knows the password may use. */
export async function startRedisServer(options: RedisServerOptions): Promise<RedisServer> {
  const password = options.password ?? randomBytes(24).toString('hex');
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const start = async (port: number): Promise<RedisServer> => {
    const file = join(options.dir, 'redis.conf');
    // A file rather than arguments: arguments can be read by every user of the machine.
    await writeFile(file, redisConfiguration({ ...options, password, ...placement(options, port) }), {
      mode: 0o600,
    });
    const server = new OwnedProcess({
      name: 'redis',
      command: redisCommand(options, file, port),
      graceMs: GRACE_MS,
      ...(options.onLine ? { onLine: options.onLine } : {}),
    });
    try {
      await server.waitForLine(REDIS_READY, READY_TIMEOUT_MS);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return { process: server, port, password, url: `redis://:${password}@127.0.0.1:${port}` };
  };
  return options.port === undefined ? onLoopbackPort(start) : start(options.port);
}

/** Where the server listens and writes as it sees it itself. */
interface Placement {
  readonly address: string;
  readonly port: number;
  readonly dir: string;
}

function placement({ program, dir }: RedisServerOptions, port: number): Placement {
  // Inside a container the published port decides who gets in.
  if (program.kind === 'docker') return { address: '0.0.0.0', port: CONTAINER_PORT, dir: '/data' };
  return { address: '127.0.0.1', port, dir };
}

export interface RedisConfiguration extends Placement {
  readonly password: string;
  readonly persistence: 'append-only' | 'none';
  readonly databases?: number;
}

/** The text of a `redis.conf`. */
export function redisConfiguration(given: RedisConfiguration): string {
  const lines = [
    `bind ${given.address}`,
    `port ${given.port}`,
    `requirepass ${given.password}`,
    `dir ${JSON.stringify(given.dir)}`,
    'daemonize no',
    'save ""',
    // Jobs and replies live here: a full Redis must refuse writes, never drop keys.
    'maxmemory-policy noeviction',
    `databases ${given.databases ?? 16}`,
    ...(given.persistence === 'append-only' ? ['appendonly yes', 'appendfsync everysec'] : ['appendonly no']),
  ];
  return `${lines.join('\n')}\n`;
}

function redisCommand({ program, dir }: RedisServerOptions, file: string, port: number): string[] {
  if (program.kind === 'program') return [program.path, file];
  return containerCommand({
    docker: program.docker,
    image: REDIS_IMAGE,
    name: `baton-redis-${port}`,
    hostPort: port,
    containerPort: CONTAINER_PORT,
    mounts: [{ from: dir, to: '/data' }],
    runAsCaller: true,
    command: ['redis-server', '/data/redis.conf'],
  });
}
