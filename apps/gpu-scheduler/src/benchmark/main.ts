/**
 * Measures what a decision and a claim cost with queues of several lengths, for `npm run bench -- claim-growth`.
 *
 * Reads what to do from standard input (it holds the address of a Redis), writes what came of it to standard output, both JSON.
 */
import { json } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { Backlog } from './claim-growth.ts';

const order = z.object({
  redisUrl: z.url(),
  lengths: z.array(z.int().positive()).min(1),
  rounds: z.int().positive(),
  passes: z.int().positive(),
  warmUpPasses: z.int().nonnegative(),
});

interface RoundOf {
  readonly coreUs: number[];
  readonly decisionUs: number[];
  readonly claimMs: number[];
  readonly wholeMs: number[];
}

const { redisUrl, lengths, rounds, passes, warmUpPasses } = order.parse(await json(process.stdin));
const connections: Redis[] = [];
function connect(): Redis {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  connections.push(redis);
  return redis;
}

async function roundOf(backlog: Backlog, count: number): Promise<RoundOf> {
  const round: RoundOf = { coreUs: [], decisionUs: [], claimMs: [], wholeMs: [] };
  for (let pass = 0; pass < count; pass += 1) {
    const { coreUs, decisionUs, claimMs } = await backlog.serveOne();
    round.coreUs.push(coreUs);
    round.decisionUs.push(decisionUs);
    round.claimMs.push(claimMs);
    round.wholeMs.push(coreUs / 1_000 + claimMs);
  }
  return round;
}

async function pings(redis: Redis, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let pass = 0; pass < count; pass += 1) {
    const startedAt = performance.now();
    await redis.ping();
    times.push(performance.now() - startedAt);
  }
  return times;
}

const control = connect();
const backlogs = lengths.map((length) => new Backlog(length, connect));
const rebuilt: { length: number; ms: number; bytesPerJob: number | null }[] = [];
for (const backlog of backlogs) {
  await backlog.fill();
  rebuilt.push({ length: backlog.length, ...(await backlog.rebuild()) });
  await roundOf(backlog, warmUpPasses);
}
const measured: { ping: number[]; lengths: RoundOf[] }[] = [];
for (let round = 0; round < rounds; round += 1) {
  const ping = await pings(control, passes);
  // Back and forth, so that a machine that grows slower meets all lengths alike.
  const order = round % 2 === 0 ? backlogs : backlogs.toReversed();
  const results: RoundOf[] = [];
  for (const backlog of order) results.push(await roundOf(backlog, passes));
  measured.push({ ping, lengths: round % 2 === 0 ? results : results.toReversed() });
}
for (const backlog of backlogs) await backlog.close();
for (const redis of connections) redis.disconnect();
process.stdout.write(JSON.stringify({ rebuilt, rounds: measured }));
