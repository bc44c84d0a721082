import { expect, test } from '@jest/globals';
import type { PolicyName, PolicyReport, ScenarioReport } from './campaign.ts';
import { GOAL_SCENARIOS, judge } from './goals.ts';
import type { Measures } from './metrics.ts';

function waits(p50S: number, p95S: number): Measures['image'] {
  return { count: 10, meanS: p50S, p50S, p95S, maxS: p95S };
}

function policyReport(policy: PolicyName, over: Partial<Measures> = {}): PolicyReport {
  const measures: Measures = {
    image: waits(10, 100),
    chat: waits(0.1, 200),
    othersImage: waits(10, 100),
    meanWaitS: 50,
    refused: 0,
    swapsPerHour: 100,
    useful: 0.8,
    makespanS: 105,
    backgroundS: null,
    fairness: 0.9,
    ...over,
  };
  const foresight = policy === 'ours' ? { count: 100, coverage: 0.9, medianError: 0.2 } : null;
  return { policy, detail: null, measures, foresight };
}

function reports(over: (scenario: string, policy: PolicyName) => Partial<Measures>): ScenarioReport[] {
  return GOAL_SCENARIOS.map((name) => ({
    name,
    title: name,
    hours: 6,
    seeds: 5,
    jobs: 100,
    othersImageAloneS: name === 'F' ? 50 : null,
    policies: (['strict', 'hot-first', 'ours', 'best'] as const).map((policy) =>
      policyReport(policy, over(name, policy)),
    ),
    solo: null,
    makespanBoundS: name === 'batch' ? 100 : null,
  }));
}

test('every goal holds when the figures meet it', () => {
  const verdicts = judge(reports(() => ({})));
  expect(verdicts).toHaveLength(12);
  expect(verdicts.filter(({ holds }) => holds !== true)).toEqual([]);
});

test('a goal that is missed says by how much', () => {
  const verdicts = judge(
    reports((name, policy) => {
      if (policy !== 'ours') return {};
      if (name === 'C') return { image: waits(10, 200), useful: 0.7 };
      if (name === 'batch') return { makespanS: 120 };
      return name === 'A' ? { chat: waits(1.5, 200) } : {};
    }),
  );
  const missed = verdicts
    .filter(({ holds }) => holds === false)
    .map(({ goal, measured }) => `${goal}: ${measured}`);
  expect(missed).toEqual([
    expect.stringMatching(/worst of A to G <= 1\.20: 1\.600 \(C\)/),
    'G11 light load (A): chat p50 <= 0.5 s: 1.50 s',
    'G11 batch: makespan <= 1.06 x bound: 1.200',
    'G11 C: useful time >= 0.98 x hot-first: 0.875 (0.70)',
  ]);
});

test('a run without what a goal needs does not judge it', () => {
  const verdicts = judge(reports(() => ({})).filter(({ name }) => name === 'A'));
  expect(verdicts.filter(({ holds }) => holds !== null).map(({ goal }) => goal)).toEqual([
    'G11 light load (A): chat p50 <= 0.5 s',
  ]);
});
