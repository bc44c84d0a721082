import type { PolicyName, PolicyReport, ScenarioReport } from './campaign.ts';
import { composite, mean } from './metrics.ts';

/** A goal of SCHEDULING.md 4 and whether it holds; null when this run lacks what it needs. */
export interface Verdict {
  readonly goal: string;
  readonly measured: string;
  readonly holds: boolean | null;
}

/** Without these the goals cannot be judged. */
export const GOAL_SCENARIOS: readonly string[] = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'F-calm', 'batch'];
const COMPOSITE_SCENARIOS = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];

type Find = (scenario: string, policy: PolicyName) => PolicyReport | null;

export function judge(scenarios: readonly ScenarioReport[]): Verdict[] {
  const find: Find = (name, policy) =>
    scenarios
      .find((scenario) => scenario.name === name)
      ?.policies.find((report) => report.policy === policy) ?? null;
  const bound = scenarios.find(({ name }) => name === 'batch')?.makespanBoundS ?? null;
  const othersAloneS = scenarios.find(({ name }) => name === 'F')?.othersImageAloneS ?? 0;
  return [
    ...compositeGoals(find),
    ...floodGoals(find, othersAloneS),
    lightLoadGoal(find),
    makespanGoal(find, bound),
    ...usefulGoals(find),
    ...foresightGoals(find),
  ];
}

function verdict(goal: string, measured: string, holds: boolean): Verdict {
  return { goal, measured, holds };
}

function unknown(goal: string): Verdict {
  return { goal, measured: 'not in this run', holds: null };
}

function compositeGoals(find: Find): Verdict[] {
  const goals = [
    'G11 3 x image p95 + chat p95 over the best of 49, mean of A to G <= 1.10',
    'G11 the same, worst of A to G <= 1.20',
  ];
  const ratios = COMPOSITE_SCENARIOS.flatMap((name) => {
    const [own, best] = [find(name, 'ours'), find(name, 'best')];
    return own === null || best === null
      ? []
      : [{ name, ratio: composite(own.measures) / composite(best.measures) }];
  });
  if (ratios.length < COMPOSITE_SCENARIOS.length) return goals.map(unknown);
  const average = mean(ratios.map(({ ratio }) => ratio));
  const worst = ratios.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  const each = ratios.map(({ name, ratio }) => `${name} ${ratio.toFixed(2)}`).join(', ');
  return [
    verdict(goals[0] ?? '', `${average.toFixed(3)} (${each})`, average <= 1.1),
    verdict(goals[1] ?? '', `${worst.ratio.toFixed(3)} (${worst.name})`, worst.ratio <= 1.2),
  ];
}

function floodGoals(find: Find, aloneS: number): Verdict[] {
  const goals = [
    'G11 flood: chat p95 <= 300 s',
    'G11 flood: image p95 <= 1.45 x strict',
    "G11 flood: other people's image p95 <= 1.5 x without the flood",
  ];
  const [flood, strict, calm] = [find('F', 'ours'), find('F', 'strict'), find('F-calm', 'ours')];
  if (flood === null || strict === null || calm === null) return goals.map(unknown);
  const { chat, image, othersImage, refused } = flood.measures;
  const away = refused === 0 ? '' : `, and ${refused} jobs turned away: does not count`;
  const allImages = image.p95S / strict.measures.image.p95S;
  const others = othersImage.p95S / calm.measures.othersImage.p95S;
  return [
    verdict(goals[0] ?? '', `${chat.p95S.toFixed(0)} s`, chat.p95S <= 300),
    verdict(
      goals[1] ?? '',
      `${allImages.toFixed(2)} (${image.p95S.toFixed(0)} s${away})`,
      allImages <= 1.45 && refused === 0,
    ),
    verdict(
      goals[2] ?? '',
      `${others.toFixed(2)} (${othersImage.p95S.toFixed(0)} s; without chats and always first: ${aloneS.toFixed(0)} s)`,
      others <= 1.5,
    ),
  ];
}

function lightLoadGoal(find: Find): Verdict {
  const goal = 'G11 light load (A): chat p50 <= 0.5 s';
  const own = find('A', 'ours');
  if (own === null) return unknown(goal);
  const { p50S } = own.measures.chat;
  return verdict(goal, `${p50S.toFixed(2)} s`, p50S <= 0.5);
}

function makespanGoal(find: Find, boundS: number | null): Verdict {
  const goal = 'G11 batch: makespan <= 1.06 x bound';
  const own = find('batch', 'ours');
  if (own === null || boundS === null) return unknown(goal);
  const ratio = own.measures.makespanS / boundS;
  return verdict(goal, ratio.toFixed(3), ratio <= 1.06);
}

function usefulGoals(find: Find): Verdict[] {
  return ['B', 'C', 'D'].map((name) => {
    const goal = `G11 ${name}: useful time >= 0.98 x hot-first`;
    const [own, hot] = [find(name, 'ours'), find(name, 'hot-first')];
    if (own === null || hot === null) return unknown(goal);
    const ratio = own.measures.useful / hot.measures.useful;
    return verdict(goal, `${ratio.toFixed(3)} (${own.measures.useful.toFixed(2)})`, ratio >= 0.98);
  });
}

/** Every scenario counts alike, not every job: else the busiest one would decide alone. */
function foresightGoals(find: Find): Verdict[] {
  const goals = [
    'G15 waits within the expected p90: 85 to 95 %, mean of A to G',
    'G15 median relative error of waits over 10 s <= 25 %, mean of A to G',
  ];
  const found = COMPOSITE_SCENARIOS.flatMap((name) => {
    const told = find(name, 'ours')?.foresight ?? null;
    return told === null ? [] : [{ name, ...told }];
  });
  if (found.length < COMPOSITE_SCENARIOS.length) return goals.map(unknown);
  const coverage = mean(found.map((told) => told.coverage));
  const error = mean(found.map((told) => told.medianError ?? 0));
  const list = (pick: (told: (typeof found)[number]) => number): string =>
    found.map((told) => `${told.name} ${percent(pick(told))}`).join(', ');
  return [
    verdict(
      goals[0] ?? '',
      `${percent(coverage)} % (${list((told) => told.coverage)})`,
      coverage >= 0.85 && coverage <= 0.95,
    ),
    verdict(goals[1] ?? '', `${percent(error)} % (${list((told) => told.medianError ?? 0)})`, error <= 0.25),
  ];
}

function percent(share: number): string {
  return (100 * share).toFixed(0);
}
