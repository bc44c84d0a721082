export { eventually } from './eventually.ts';
export type { EventuallyLimits } from './eventually.ts';
export { startMariaDb } from './mariadb.ts';
export type { TestMariaDb } from './mariadb.ts';
export { startPrivateRedis, startRedis } from './redis.ts';
export type { PrivateRedis, TestRedis } from './redis.ts';
export { DIALECTS, openTestDatabase, quietLog } from './databases.ts';
export type { TestDatabase } from './databases.ts';
