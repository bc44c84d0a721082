import { RulePolicy, fifo, serve } from './baselines.ts';
import { classOf, type JobClass, type SimJob } from './job.ts';
import { waitsOf, type Waits } from './metrics.ts';
import type { PolicyKind } from './policy.ts';
import { Random } from './random.ts';
import { run, type World } from './run.ts';
import { meanSwapMs } from './swap-costs.ts';

/**
 * What no policy can beat for one class: it has the card for itself and no model change costs anything. Only for arrivals
 * that do not depend on ends.
 */
export function soloWaits(world: World, kind: JobClass): Waits {
  const own = world.arrivals.filter((job) => classOf(job) === kind && job.urgency === undefined);
  const lane = own[0]?.lane;
  if (lane === undefined) return waitsOf([]);
  const arrivals = own.map((job): SimJob => ({ ...job, lane }));
  return waitsOf(run(fifo, { ...world, arrivals, resident: lane }, new Random(0)).records);
}

/**
 * What the images of others would wait while one person floods if there were no chats and others always went first: the
 * rest of the image that is running when theirs comes. A measure, not a bound: the rest of a chat is shorter.
 */
export function othersImageWaits(world: World, flooder: number): Waits {
  const arrivals = world.arrivals.filter((job) => classOf(job) === 'image');
  const others: PolicyKind = {
    name: 'others first',
    create: (options) =>
      new RulePolicy(options, {
        next: (books) =>
          serve(books, books.waiting.find(({ userId }) => userId !== flooder) ?? books.waiting[0]),
      }),
  };
  const resident = arrivals[0]?.lane ?? null;
  const { records } = run(others, { ...world, arrivals, resident }, new Random(0));
  return waitsOf(records.filter(({ job }) => job.userId !== flooder));
}

/** Everything served without a gap: images, chats at their best speed together, and one load for each lane. */
export function makespanBoundS({ arrivals, slots, alpha, costs }: World): number {
  const speedUp = slots / (1 + alpha * (slots - 1));
  const work = arrivals.map((job) => job.serviceMs / (classOf(job) === 'image' ? 1 : speedUp));
  const lanes = new Map(arrivals.map(({ lane }) => [lane.key, lane]));
  const loads = [...lanes.values()].map((lane) => meanSwapMs(costs, null, lane));
  return [...work, ...loads].reduce((sum, ms) => sum + ms, 0) / 1_000;
}
