import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ScenarioReport } from './campaign.ts';

interface Bar {
  readonly scenario: string;
  readonly policy: string;
  readonly work: 'images' | 'chats';
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const NAMES: Readonly<Record<string, string>> = { ours: 'Baton', best: 'best of 49' };
/** Told apart in print and by people who see few colours. */
const COLOURS = { images: '#b5502f', chats: '#2f6db5' };
/** The axis is logarithmic and begins here: nobody minds a tenth of a second. */
const LEAST_S = 0.1;
const LONGEST_S = 20_000;
const POWERS_OF_TEN_S = [0.1, 1, 10, 100, 1_000, 10_000];

/** A picture of the waits by policy, a panel for each scenario: from the median to p95, with the longest wait as a tick. */
export async function plotWaits(reports: readonly ScenarioReport[]): Promise<string> {
  const view = new View(parse(compile(specOf(reports)).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function barsOf({ name, policies }: ScenarioReport): Bar[] {
  return policies.flatMap(({ policy, measures }) =>
    (['images', 'chats'] as const).map((work): Bar => {
      const { p50S, p95S, maxS } = work === 'images' ? measures.image : measures.chat;
      const [p50 = 0, p95 = 0, max = 0] = [p50S, p95S, maxS].map((value) => Math.max(LEAST_S, value));
      return { scenario: name, policy: NAMES[policy] ?? policy, work, p50, p95, max };
    }),
  );
}

function specOf(reports: readonly ScenarioReport[]): TopLevelSpec {
  const policies = [...new Set(reports.flatMap(barsOf).map(({ policy }) => policy))];
  const x = {
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain: [LEAST_S, LONGEST_S], clamp: true },
    axis: { values: POWERS_OF_TEN_S, format: ',' },
    title: null,
  } satisfies object;
  const y = { field: 'policy', type: 'nominal', sort: policies, title: null } as const;
  const yOffset = { field: 'work', type: 'nominal', sort: ['images', 'chats'] } as const;
  const color = {
    field: 'work',
    type: 'nominal',
    title: null,
    scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
  } as const;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: 'Wait for the GPU in seconds: bar from the median to p95, tick at the longest',
    background: 'white',
    data: { values: reports.flatMap(barsOf) },
    facet: {
      field: 'scenario',
      type: 'nominal',
      title: null,
      sort: reports.map(({ name }) => name),
      header: { labelFontWeight: 'bold' },
    },
    columns: 3,
    spec: {
      width: 200,
      height: { step: 9 },
      layer: [
        {
          mark: { type: 'bar', height: 6 },
          encoding: { x: { ...x, field: 'p50' }, x2: { field: 'p95' }, y, yOffset, color },
        },
        {
          mark: { type: 'tick', thickness: 1.5, height: 6 },
          encoding: { x: { ...x, field: 'max' }, y, yOffset, color },
        },
      ],
    },
    config: { font: 'sans-serif', view: { stroke: '#dddddd' }, aria: false },
  };
}
