import { Redis } from 'ioredis';
import { z } from 'zod';
import { askBroker } from './server-broker.ts';

const shared = z.object({ url: z.url() });
const own = z.object({ id: z.string(), url: z.url() });

export interface TestRedis {
  /** Address of an empty database that no other test file uses. Never FLUSHALL it: the server is shared. */
  readonly url: string;
}

export interface PrivateRedis {
  readonly url: string;
  /** Like a crash: every connection breaks and nothing is kept. */
  kill(): Promise<void>;
  /** Brings a killed server back, empty, at the same address. */
  start(): Promise<void>;
  /** Ends the server; to be called when the test is done with it. */
  remove(): Promise<void>;
}

/** A real Redis for one test file. Needs no clean-up. */
export async function startRedis(): Promise<TestRedis> {
  const { url } = shared.parse(await askBroker('redis'));
  const redis = new Redis(url, { lazyConnect: true });
  try {
    await redis.connect();
    await redis.flushdb();
  } finally {
    redis.disconnect();
  }
  return { url };
}

/** A real Redis that the test may kill and bring back. It takes a few hundred milliseconds; use it only for that. */
export async function startPrivateRedis(): Promise<PrivateRedis> {
  const { id, url } = own.parse(await askBroker('redis/private'));
  const act = async (what: string): Promise<void> => {
    await askBroker(`redis/private/${id}/${what}`);
  };
  return { url, kill: () => act('kill'), start: () => act('start'), remove: () => act('remove') };
}
