import type { Settings } from '../core/state.ts';
import { fifo, hotFirst, strict } from './baselines.ts';
import { makespanBoundS, othersImageWaits, soloWaits } from './bounds.ts';
import { FIXED_QUANTA } from './fixed-quanta.ts';
import type { JobRecord } from './job.ts';
import {
  composite,
  foresight,
  mean,
  measure,
  overSeeds,
  type Foresight,
  type Measures,
  type Waits,
} from './metrics.ts';
import { ours } from './ours.ts';
import type { PolicyKind } from './policy.ts';
import { Random } from './random.ts';
import { run, type World } from './run.ts';
import type { Scenario } from './scenarios.ts';
import { makeWorkload } from './workload.ts';

/** `best` stands for the 49 fixed quanta; its row is the one that came out best for the scenario. */
export const POLICY_NAMES = ['fifo', 'strict', 'hot-first', 'ours', 'best'] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

export interface CampaignOptions {
  readonly settings: Settings;
  readonly policies: readonly PolicyName[];
  readonly seeds: number;
  readonly firstSeed: number;
  /** Null for the hours of each scenario. */
  readonly hours: number | null;
}

export interface PolicyReport {
  readonly policy: PolicyName;
  /** The quanta that were the best ones. */
  readonly detail: string | null;
  readonly measures: Measures;
  readonly foresight: Foresight | null;
}

export interface ScenarioReport {
  readonly name: string;
  readonly title: string;
  readonly hours: number;
  readonly seeds: number;
  readonly jobs: number;
  /** With a flood: the p95 of other people's images if there were no chats and others always went first. */
  readonly othersImageAloneS: number | null;
  readonly policies: readonly PolicyReport[];
  /** Each class alone, without swaps; null where arrivals depend on ends. */
  readonly solo: { readonly imageP95S: number; readonly chatP95S: number } | null;
  /** For a batch. */
  readonly makespanBoundS: number | null;
}

const HOUR_MS = 3_600_000;

/** Every policy meets the same work with the same seeds. */
export function playScenario(scenario: Scenario, options: CampaignOptions): ScenarioReport {
  const hours = options.hours ?? scenario.demand.hours;
  const setting: Scenario = { ...scenario, demand: { ...scenario.demand, hours } };
  const worlds = Array.from({ length: options.seeds }, (_, at) => ({
    seed: options.firstSeed + at,
    make: worldOf(setting, options.firstSeed + at),
  }));
  const { demand } = setting;
  const flooder = demand.flood === null ? null : demand.users + 1;
  const policies = playPolicies(worlds, { ...options, hours, flooder });
  return {
    name: setting.name,
    title: setting.title,
    hours,
    seeds: options.seeds,
    jobs: policies[0]?.measures === undefined ? 0 : jobsIn(policies[0].measures),
    othersImageAloneS:
      flooder === null ? null : mean(worlds.map(({ make }) => othersImageWaits(make(), flooder).p95S)),
    policies,
    solo: demand.closed === null ? soloOf(worlds) : null,
    makespanBoundS: demand.batch === null ? null : mean(worlds.map(({ make }) => makespanBoundS(make()))),
  };
}

interface PlayOptions extends Pick<CampaignOptions, 'settings' | 'policies'> {
  readonly hours: number;
  /** Whose images are not counted as those of others. */
  readonly flooder: number | null;
}

export interface SeededWorld {
  readonly seed: number;
  /** A workload has state where arrivals depend on ends, so each run makes its own. */
  readonly make: () => World;
}

/** Each policy in each of the worlds; the swaps of a world are drawn from its seed. */
export function playPolicies(worlds: readonly SeededWorld[], options: PlayOptions): PolicyReport[] {
  const play = (kind: PolicyKind): { measures: Measures; records: JobRecord[] } => {
    const results = worlds.map(({ seed, make }) => run(kind, make(), new Random(seed).fork('swaps')));
    return {
      measures: overSeeds(results.map((result) => measure(result, options))),
      records: results.flatMap(({ records }) => records),
    };
  };
  return options.policies.map((policy): PolicyReport => {
    if (policy === 'best') return bestOf(play);
    const { measures, records } = play(kindOf(policy, options.settings));
    return { policy, detail: null, measures, foresight: foresight(records) };
  });
}

function worldOf(scenario: Scenario, seed: number): () => World {
  const { costs, slots, alpha, resident, demand } = scenario;
  const horizonMs = demand.hours * HOUR_MS;
  return () => ({ ...makeWorkload(demand, seed), costs, slots, alpha, resident, horizonMs });
}

function kindOf(policy: Exclude<PolicyName, 'best'>, settings: Settings): PolicyKind {
  return { fifo, strict, 'hot-first': hotFirst, ours: ours(settings) }[policy];
}

function bestOf(play: (kind: PolicyKind) => { measures: Measures }): PolicyReport {
  let best: PolicyReport | null = null;
  for (const kind of FIXED_QUANTA) {
    const { measures } = play(kind);
    if (best === null || composite(measures) < composite(best.measures)) {
      best = { policy: 'best', detail: kind.name, measures, foresight: null };
    }
  }
  if (best === null) throw new Error('no fixed quanta');
  return best;
}

function soloOf(worlds: readonly SeededWorld[]): ScenarioReport['solo'] {
  const p95 = (waits: readonly Waits[]): number => mean(waits.map(({ p95S }) => p95S));
  return {
    imageP95S: p95(worlds.map(({ make }) => soloWaits(make(), 'image'))),
    chatP95S: p95(worlds.map(({ make }) => soloWaits(make(), 'chat'))),
  };
}

function jobsIn({ image, chat, refused }: Measures): number {
  return image.count + chat.count + refused;
}
