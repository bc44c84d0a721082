import { expect, test } from '@jest/globals';
import { classOf } from './job.ts';
import { SCENARIOS } from './scenarios.ts';
import { makeWorkload, type Demand } from './workload.ts';

function demandOf(name: string): Demand {
  const demand = SCENARIOS.find((scenario) => scenario.name === name)?.demand;
  if (demand === undefined) throw new Error(`no scenario ${name}`);
  return demand;
}

test('the same seed gives the same work, another seed other work', () => {
  const { arrivals } = makeWorkload(demandOf('B'), 1);
  expect(makeWorkload(demandOf('B'), 1).arrivals).toEqual(arrivals);
  expect(makeWorkload(demandOf('B'), 2).arrivals).not.toEqual(arrivals);
});

test.each([
  ['B', 'poisson'],
  ['E', 'bursts'],
  ['day', 'day'],
])('%s: the %s rhythm keeps the rate that it promises', (name) => {
  const demand = { ...demandOf(name), hours: 48 };
  const { arrivals } = makeWorkload(demand, 1);
  const images = arrivals.filter((job) => classOf(job) === 'image').length;
  expect(images / demand.hours / demand.imagesPerHour).toBeCloseTo(1, 0.5);
  expect((arrivals.length - images) / demand.hours / demand.chatsPerHour).toBeCloseTo(1, 0.5);
});

test('service times have the medians and limits of the design', () => {
  const { arrivals } = makeWorkload({ ...demandOf('B'), hours: 30 }, 1);
  const sorted = (kind: string) =>
    arrivals
      .filter((job) => classOf(job) === kind)
      .map(({ serviceMs }) => serviceMs)
      .sort((a, b) => a - b);
  for (const [kind, median, low, high] of [
    ['image', 20_000, 5_000, 120_000],
    ['chat', 6_000, 2_000, 20_000],
  ] as const) {
    const times = sorted(kind);
    expect((times[Math.floor(times.length / 2)] ?? 0) / median).toBeCloseTo(1, 1);
    expect(times[0]).toBeGreaterThanOrEqual(low);
    expect(times.at(-1)).toBeLessThanOrEqual(high);
  }
});

test('bursts: the same work comes in a fifth of the time', () => {
  const busyMinutes = (name: string) => {
    const { arrivals } = makeWorkload({ ...demandOf('E'), rhythm: demandOf(name).rhythm, hours: 20 }, 1);
    return new Set(arrivals.map(({ arrivalMs }) => Math.floor(arrivalMs / 60_000))).size;
  };
  expect(busyMinutes('E') / busyMinutes('B')).toBeLessThan(0.6);
});

test('a flood is one more person with everything at one instant', () => {
  const { arrivals } = makeWorkload(demandOf('F'), 1);
  const theirs = arrivals.filter(({ userId }) => userId === demandOf('F').users + 1);
  expect(theirs).toHaveLength(200);
  expect(new Set(theirs.map(({ arrivalMs }) => arrivalMs))).toEqual(new Set([600_000]));
  const calm = makeWorkload(demandOf('F-calm'), 1).arrivals;
  expect(arrivals.filter((job) => !theirs.includes(job))).toEqual(calm);
});

test('skewed: the busiest tenth of the people asks for about a third of the work', () => {
  const { arrivals, ...rest } = makeWorkload({ ...demandOf('skewed'), hours: 20 }, 1);
  const share = arrivals.filter(({ userId }) => userId <= 5).length / arrivals.length;
  expect(share).toBeCloseTo(Math.sqrt(0.1), 1);
  expect(rest.afterEnd(arrivals[0] ?? never(), 0)).toEqual([]);
});

test('a follow-up comes 1 to 3 s after its chat, on the same model, and has none of its own', () => {
  const { arrivals, afterEnd } = makeWorkload(demandOf('follow-ups'), 1);
  const chats = arrivals.filter((job) => classOf(job) === 'chat');
  const followed = chats.flatMap((chat) => afterEnd(chat, 1_000).map((next) => ({ chat, next })));
  expect(followed.length / chats.length).toBeCloseTo(0.5, 1);
  for (const { chat, next } of followed) {
    expect(next.lane).toBe(chat.lane);
    expect(next.arrivalMs).toBeGreaterThanOrEqual(2_000);
    expect(next.arrivalMs).toBeLessThanOrEqual(4_000);
    expect(afterEnd(next, 9_000)).toEqual([]);
  }
});

test('people who think never wait for two things at once', () => {
  const { arrivals, afterEnd } = makeWorkload(demandOf('closed-5'), 1);
  expect(new Set(arrivals.map(({ userId }) => userId)).size).toBe(arrivals.length);
  const [first = never()] = arrivals;
  const next = afterEnd(first, first.arrivalMs + 10_000);
  expect(next).toHaveLength(1);
  expect(next[0]?.userId).toBe(first.userId);
  expect(next[0]?.arrivalMs).toBeGreaterThan(first.arrivalMs + 10_000);
  expect(afterEnd(first, demandOf('closed-5').hours * 3_600_000)).toEqual([]);
});

function never(): never {
  throw new Error('no arrivals');
}
