import { randomBytes } from 'node:crypto';
import type { StartedTestContainer } from 'testcontainers';
import { onLoopbackPort } from './loopback-port.ts';
import { findRedisProgram, startRedisServer } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { chooseSource } from './server-source.ts';
import type { ServerSource } from './server-source.ts';
import { canRunContainers, startRedisContainer } from './test-containers.ts';

/** A Redis that keeps nothing, for tests that may do with it as they like. */
export interface TestRedisServer {
  /** With the password in it. */
  readonly url: string;
  /** Like a crash: no warning, and nothing is kept. */
  kill(): Promise<void>;
  /** Brings a killed server back, empty, at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Null when this machine has neither a Redis nor anything that runs containers. */
export function findTestRedis(): Promise<ServerSource<string> | null> {
  return chooseSource(findRedisProgram(), canRunContainers);
}

export function startTestRedis(
  source: ServerSource<string>,
  { dir, databases }: { readonly dir: string; readonly databases: number },
): Promise<TestRedisServer> {
  return source.kind === 'program'
    ? fromProgram(source.program, { dir, databases })
    : fromContainer(databases);
}

async function fromProgram(
  path: string,
  { dir, databases }: { readonly dir: string; readonly databases: number },
): Promise<TestRedisServer> {
  const start = (at: { port?: number; password?: string } = {}): Promise<RedisServer> =>
    startRedisServer({ program: { kind: 'program', path }, dir, persistence: 'none', databases, ...at });
  let server = await start();
  const { url, port, password } = server;
  return {
    url,
    async kill() {
      server.process.kill();
      await server.process.exited;
    },
    async restart() {
      server = await start({ port, password });
    },
    async stop() {
      await server.process.stop();
    },
  };
}

async function fromContainer(databases: number): Promise<TestRedisServer> {
  const password = randomBytes(24).toString('hex');
  const start = async (port: number): Promise<{ container: StartedTestContainer; port: number }> => ({
    container: await startRedisContainer({ port, password, databases }),
    port,
  });
  const first = await onLoopbackPort(start);
  let { container } = first;
  // Containers get no time to say goodbye, and Redis has nothing to save.
  const end = async (): Promise<void> => {
    await container.stop({ timeout: 0 });
  };
  return {
    url: `redis://:${password}@${container.getHost()}:${first.port}`,
    kill: end,
    async restart() {
      ({ container } = await start(first.port));
    },
    stop: end,
  };
}
