import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { PACED_MODEL } from './paced-ollama.ts';
import { startPacedRole } from './paced-role.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';
import { quantile } from './statistics.ts';
import { manyStreams, openStreams, readStreams } from './token-streams.ts';
import type { Read, Stream, Token } from './token-streams.ts';

const GAP_MS = 50;
const GOAL_DELAY_P50_MS = 1;
const GOAL_DELAY_RATIO = 1.5;
const GOAL_GAP_P50_MS = 0.05;
const GOAL_GAP_P99_MS = 5;

const TOKENS = 40;

type Way = 'baton' | 'proxy';
type Value = `${Way} ${'delay' | 'gap'} ${'p50' | 'p99'}`;

/** What Baton adds to each token of many streams, and to the evenness of their pace (G3). */
export const tokenDelay: Figure = {
  name: 'token-delay',
  title: `G3  One-way delay of a token and what is added to the gap between two, one token each ${GAP_MS} ms`,
  run: async ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> => {
    const engine = startPacedRole('engine', { TOKEN_GAP_MS: String(GAP_MS) });
    const { url: engineUrl } = await engine.started;
    const proxy = startPacedRole('proxy', { ENGINE_URL: engineUrl });
    try {
      const { url: proxyUrl } = await proxy.started;
      return await withStack(
        root,
        async (stack) => {
          say(`${counts.streams} streams, ${counts.streamRounds} rounds`);
          return report(await measure(stack, { plan, proxyUrl, ...counts }), plan, counts.streams);
        },
        { ollamaUrl: engineUrl, env: manyStreams(counts.streams) },
      );
    } finally {
      await proxy.process.stop();
      await engine.process.stop();
    }
  },
};

interface Measured {
  readonly rounds: readonly Round<Value>[];
  /** Streams that did not come whole, with their way and last event. */
  readonly broken: readonly string[];
}

interface Measuring {
  readonly plan: RoundsPlan;
  readonly proxyUrl: string;
  readonly streams: number;
  readonly streamRounds: number;
}

async function measure(
  { run }: BenchStack,
  { plan, proxyUrl, streams, streamRounds }: Measuring,
): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  try {
    const api = new BatonApi(run.url);
    await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
    const overBaton = async (): Promise<Stream> => ({
      agent,
      url: `${run.url}/api/chats/${await api.createChat('Benchmark', PACED_MODEL, TOKENS)}/messages`,
      headers: { ...api.authorization, accept: 'text/event-stream' },
      body: { content: 'What time is it?' },
    });
    const body = { model: PACED_MODEL, messages: [], options: { num_predict: TOKENS } };
    const overProxy = (): Promise<Stream> => Promise.resolve({ agent, url: proxyUrl, headers: {}, body });
    const ways = { baton: overBaton, proxy: overProxy } as const;
    await readStreams(await openStreams(overBaton, Math.ceil(streams / 4)), TOKENS);
    const rounds: Round<Value>[] = [];
    const broken: string[] = [];
    for (let at = 0; at < streamRounds; at += 1) {
      const order: Way[] = plan.random() < 0.5 ? ['baton', 'proxy'] : ['proxy', 'baton'];
      const values = {} as Record<Value, number[]>;
      for (const way of order) {
        const reads = await readStreams(await openStreams(ways[way], streams), TOKENS);
        broken.push(...reads.filter(({ isWhole }) => !isWhole).map(({ last }) => `${way}: ${last}`));
        Object.assign(values, statisticsOf(way, reads));
      }
      rounds.push(values);
    }
    return { rounds, broken };
  } finally {
    agent.destroy();
  }
}

function statisticsOf(way: Way, reads: readonly Read[]): Partial<Record<Value, number[]>> {
  const streams = reads.map(({ tokens }) => tokens).filter((tokens) => tokens.length > 1);
  if (streams.length === 0) throw new Error(`no stream gave tokens: ${reads[0]?.last ?? ''}`);
  const delays = streams.flatMap((tokens) => tokens.map(({ madeMs, hereMs }) => hereMs - madeMs));
  const gaps = streams.flatMap((tokens) => addedGaps(tokens));
  return {
    [`${way} delay p50`]: [quantile(delays, 0.5)],
    [`${way} delay p99`]: [quantile(delays, 0.99)],
    [`${way} gap p50`]: [quantile(gaps, 0.5)],
    [`${way} gap p99`]: [quantile(gaps, 0.99)],
  };
}

/** By how much the pause between two tokens differs from the pause between their making. */
function addedGaps(tokens: readonly Token[]): number[] {
  return tokens.flatMap((token, at) => {
    const before = tokens[at - 1];
    if (before === undefined) return [];
    return [Math.abs(token.hereMs - before.hereMs - (token.madeMs - before.madeMs))];
  });
}

function report({ rounds, broken }: Measured, { random }: RoundsPlan, streams: number): FigureReport {
  const reason = whyVoid(rounds, ['proxy delay p50']);
  const figures = new RoundsReport(rounds, { random, isVoid: reason !== null });
  const row = (title: string, way: Way): string[] => [
    title,
    ...(['delay p50', 'delay p99', 'gap p50', 'gap p99'] as const).map((name) =>
      show(figures.p50(`${way} ${name}`)),
    ),
  ];
  const added = (name: 'gap p50' | 'gap p99') =>
    figures.of((some) =>
      quantile(
        some.map((round) => (round[`baton ${name}`][0] ?? 0) - (round[`proxy ${name}`][0] ?? 0)),
        0.5,
      ),
    );
  return {
    table: [
      [`${streams} streams`, 'delay p50 ms', 'delay p99 ms', 'gap p50 ms', 'gap p99 ms'],
      row('Baton, whole path', 'baton'),
      row('proxy without Redis (control)', 'proxy'),
    ],
    verdicts: [
      figures.atMost(
        `one-way delay p50 at most ${GOAL_DELAY_P50_MS} ms`,
        figures.p50('baton delay p50'),
        GOAL_DELAY_P50_MS,
      ),
      figures.atMost(
        `and at most ${GOAL_DELAY_RATIO} times the proxy's`,
        figures.ratio('baton delay p50', 'proxy delay p50'),
        GOAL_DELAY_RATIO,
      ),
      figures.atMost(
        `gap p50 at most ${GOAL_GAP_P50_MS} ms over the proxy's`,
        added('gap p50'),
        GOAL_GAP_P50_MS,
      ),
      figures.atMost(
        `gap p99 at most ${GOAL_GAP_P99_MS} ms over the proxy's`,
        added('gap p99'),
        GOAL_GAP_P99_MS,
      ),
      {
        goal: 'every stream whole, no token twice',
        measured: `${broken.length} of ${2 * streams * rounds.length} broken`,
        holds: broken.length === 0,
      },
    ],
    notes: [...(reason === null ? [] : [reason]), ...broken.slice(0, 3)],
    data: { rounds, broken },
  };
}
