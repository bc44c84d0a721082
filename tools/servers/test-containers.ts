import { randomBytes } from 'node:crypto';
import type { StartedTestContainer } from 'testcontainers';
import { MARIADB_READY, MARIADB_TUNING } from './mariadb-server.ts';
import { REDIS_IMAGE, REDIS_READY, redisConfiguration } from './redis-server.ts';

const MARIADB_IMAGE = 'mariadb:11';
/** The first start fetches the image before this clock runs. */
const READY_TIMEOUT_MS = 60_000;
const REDIS_PORT = 6_379;
const MARIADB_PORT = 3_306;
const REDIS_FILE = '/etc/redis.conf';

/**
 * Only where a test run has no server installed: loading the package takes seconds. Its reaper removes every container
 * when this process ends, however it ends.
 */
const load = () => import('testcontainers');

/** True when Docker, or something that speaks its interface, answers. */
export async function canRunContainers(): Promise<boolean> {
  const { getContainerRuntimeClient } = await load();
  try {
    await getContainerRuntimeClient();
    return true;
  } catch {
    // Not there, or not for this user: both mean "not this way".
    return false;
  }
}

export interface RedisContainerOptions {
  /** Of this machine: a fixed one, so that a server that was killed comes back where its clients look for it. */
  readonly port: number;
  readonly password: string;
  readonly databases: number;
}

/** A Redis that keeps nothing. */
export async function startRedisContainer({
  port,
  password,
  databases,
}: RedisContainerOptions): Promise<StartedTestContainer> {
  const { GenericContainer, Wait } = await load();
  const content = redisConfiguration({
    // Inside a container the published port decides who gets in.
    address: '0.0.0.0',
    port: REDIS_PORT,
    dir: '/data',
    password,
    databases,
    persistence: 'none',
  });
  return new GenericContainer(REDIS_IMAGE)
    .withExposedPorts({ container: REDIS_PORT, host: port })
    .withCopyContentToContainer([{ content, target: REDIS_FILE, mode: 0o444 }])
    .withCommand(['redis-server', REDIS_FILE])
    .withWaitStrategy(Wait.forLogMessage(REDIS_READY))
    .withStartupTimeout(READY_TIMEOUT_MS)
    .start();
}

export interface MariaDbContainer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** A MariaDB that lives in memory. The user is root, since the image's other account owns one database only. */
export async function startMariaDbContainer(): Promise<MariaDbContainer> {
  const { GenericContainer, Wait } = await load();
  const password = randomBytes(24).toString('hex');
  const container = await new GenericContainer(MARIADB_IMAGE)
    .withEnvironment({ MARIADB_ROOT_PASSWORD: password, MARIADB_ROOT_HOST: '%' })
    .withCommand([...MARIADB_TUNING])
    .withTmpFs({ '/var/lib/mysql': 'rw' })
    .withExposedPorts(MARIADB_PORT)
    .withWaitStrategy(Wait.forLogMessage(MARIADB_READY))
    .withStartupTimeout(READY_TIMEOUT_MS)
    .start();
  return {
    host: container.getHost(),
    port: container.getMappedPort(MARIADB_PORT),
    user: 'root',
    password,
    stop: async () => {
      await container.stop();
    },
  };
}
