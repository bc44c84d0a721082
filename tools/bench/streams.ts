import { randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport, Verdict } from './figure.ts';
import { PACED_MODEL } from './paced-ollama.ts';
import { startPacedRole } from './paced-role.ts';
import { cpuUsOf } from './process-cpu.ts';
import { descendantsOf } from './process-memory.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';
import { quantile } from './statistics.ts';
import { manyStreams, openStreams, readStreams } from './token-streams.ts';
import type { Read, Stream, StreamsWatch } from './token-streams.ts';

const GAP_MS = 50;
/** Of one stream alone. */
const TOKENS = 300;
/** More for each of the others: it takes so long until the last one has begun, and all have to run at once after that. */
const MORE_TOKENS_EACH = 1.2;
const WARM_UP_STREAMS = 50;

const GOAL_DELIVERY_P99_MS = 100;
const GOAL_US = { gateway: 32, 'chat-service': 35, redis: 10 } as const;
const GOAL_RATIO = 1.25;

const WORKERS = ['gateway', 'chat-service', 'redis', 'process-manager', 'reader', 'writer'] as const;
type Worker = (typeof WORKERS)[number];
type Way = 'baton' | 'writer';
type Value = `${Worker} us` | `${Way} ${'p50' | 'p99'}`;

/** Many replies at once through the whole stack: is anything lost, how late is it, what does a token cost (G4). */
export const streams: Figure = {
  name: 'streams',
  title: `G4  Many replies at once, ${1_000 / GAP_MS} tokens a second each: delivery, and processor time per token`,
  run: async ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> => {
    const engine = startPacedRole('engine', { TOKEN_GAP_MS: String(GAP_MS) });
    const writer = startPacedRole('writer', { TOKEN_GAP_MS: String(GAP_MS) });
    const most = Math.max(...counts.crowds);
    try {
      const { url: writerUrl, pid: writerPid } = await writer.started;
      const { url: ollamaUrl } = await engine.started;
      return await withStack(
        root,
        async (stack) => {
          const measured: Crowd[] = [];
          for (const size of counts.crowds) {
            say(`${size} streams, ${counts.crowdRounds} rounds`);
            const rounds = counts.crowdRounds;
            measured.push(
              await measure(stack, {
                plan,
                size,
                rounds,
                writerUrl,
                writerPid,
              }),
            );
          }
          return report(measured, plan);
        },
        { ollamaUrl, env: manyStreams(most) },
      );
    } finally {
      await writer.process.stop();
      await engine.process.stop();
    }
  },
};

interface Crowd {
  readonly size: number;
  readonly rounds: readonly Round<Value>[];
  readonly broken: readonly string[];
}

interface Measuring {
  readonly plan: RoundsPlan;
  readonly size: number;
  readonly rounds: number;
  readonly writerUrl: string;
  readonly writerPid: number;
}

async function measure(stack: BenchStack, { plan, size, ...measuring }: Measuring): Promise<Crowd> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const pids = pidsOf(stack, measuring.writerPid);
  const tokens = TOKENS + Math.ceil(size * MORE_TOKENS_EACH);
  try {
    const api = new BatonApi(stack.run.url);
    await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
    const overBaton = async (): Promise<Stream> => ({
      agent,
      url: `${stack.run.url}/api/chats/${await api.createChat('Benchmark', PACED_MODEL, tokens)}/messages`,
      headers: { ...api.authorization, accept: 'text/event-stream' },
      body: { content: 'What time is it?' },
    });
    const body = { options: { num_predict: tokens } };
    const fromWriter = (): Promise<Stream> =>
      Promise.resolve({ agent, url: measuring.writerUrl, headers: {}, body });
    const ways = { baton: overBaton, writer: fromWriter } as const;
    await readStreams(await openStreams(overBaton, WARM_UP_STREAMS), tokens);
    const rounds: Round<Value>[] = [];
    const broken: string[] = [];
    for (let at = 0; at < measuring.rounds; at += 1) {
      const order: Way[] = plan.random() < 0.5 ? ['baton', 'writer'] : ['writer', 'baton'];
      const values = {} as Record<Value, number[]>;
      for (const way of order) {
        const opened = await openStreams(ways[way], size);
        const watch = new CrowdWatch(size, pids);
        const reads = await readStreams(opened, tokens, watch);
        broken.push(...reads.filter(({ isWhole }) => !isWhole).map(({ last }) => `${way}: ${last}`));
        Object.assign(values, valuesOf(way, reads, watch));
      }
      rounds.push(values);
    }
    return { size, rounds, broken };
  } finally {
    agent.destroy();
  }
}

function pidsOf({ run, launcherPid }: BenchStack, writerPid: number): Readonly<Record<Worker, number>> {
  const service = (name: string): number => run.services[name]?.pid ?? missing(name);
  const redis = descendantsOf(launcherPid).find(({ command }) => command[0]?.includes('redis-server'));
  return {
    gateway: service('gateway'),
    'chat-service': service('chat-service'),
    'process-manager': service('process-manager'),
    redis: redis?.pid ?? missing('redis-server'),
    reader: process.pid,
    writer: writerPid,
  };
}

function missing(name: string): never {
  throw new Error(`the stack runs no ${name}`);
}

interface Sample {
  readonly atMs: number;
  readonly tokens: number;
  readonly cpuUs: Readonly<Record<Worker, number>>;
}

/** Looks at the processes when the last stream has begun and when the first one ends: in between, all of them run. */
class CrowdWatch implements StreamsWatch {
  begin: Sample | undefined;
  end: Sample | undefined;
  readonly #size: number;
  readonly #pids: Readonly<Record<Worker, number>>;
  #started = 0;
  #tokens = 0;

  constructor(size: number, pids: Readonly<Record<Worker, number>>) {
    this.#size = size;
    this.#pids = pids;
  }

  onToken(isFirst: boolean): void {
    this.#tokens += 1;
    if (!isFirst) return;
    this.#started += 1;
    if (this.#started === this.#size) this.begin = this.#sample();
  }

  onEnd(): void {
    this.end ??= this.#sample();
  }

  #sample(): Sample {
    const cpuUs = Object.fromEntries(WORKERS.map((name) => [name, cpuUsOf(this.#pids[name])]));
    return {
      atMs: Number(process.hrtime.bigint() / 1_000n) / 1_000,
      tokens: this.#tokens,
      cpuUs: cpuUs as Record<Worker, number>,
    };
  }
}

function valuesOf(
  way: Way,
  reads: readonly Read[],
  { begin, end }: CrowdWatch,
): Partial<Record<Value, number[]>> {
  if (begin === undefined || end === undefined || end.tokens <= begin.tokens) {
    throw new Error(`${way}: the first stream had ended before the last one began; the machine is too slow`);
  }
  const delays = reads.flatMap(({ tokens }) =>
    tokens
      .filter(({ madeMs }) => madeMs >= begin.atMs && madeMs <= end.atMs)
      .map(({ madeMs, hereMs }) => hereMs - madeMs),
  );
  const us = (worker: Worker): number[] => [
    (end.cpuUs[worker] - begin.cpuUs[worker]) / (end.tokens - begin.tokens),
  ];
  const cpu =
    way === 'writer'
      ? { 'writer us': us('writer') }
      : Object.fromEntries(
          WORKERS.filter((name) => name !== 'writer').map((name) => [`${name} us`, us(name)]),
        );
  return { ...cpu, [`${way} p50`]: [quantile(delays, 0.5)], [`${way} p99`]: [quantile(delays, 0.99)] };
}

function report(crowds: readonly Crowd[], plan: RoundsPlan): FigureReport {
  const parts = crowds.map((crowd) => reportOf(crowd, plan));
  return {
    table: [
      [
        '',
        ...['delivery p50 ms', 'p99 ms', 'writer p99 ms'],
        ...WORKERS.map((name) => `${name} µs`),
        'gateway / writer',
      ],
      ...parts.map(({ row }) => row),
    ],
    verdicts: parts.flatMap(({ verdicts }) => verdicts),
    notes: parts.flatMap(({ notes }) => notes),
    data: crowds,
  };
}

function reportOf({ size, rounds, broken }: Crowd, { random }: RoundsPlan) {
  const reason = whyVoid(rounds, ['writer us']);
  const figures = new RoundsReport(rounds, { random, isVoid: reason !== null });
  const ratio = figures.ratio('gateway us', 'writer us');
  const verdicts: Verdict[] = [
    {
      goal: `${size} streams: every token once, in order`,
      measured: `${broken.length} of ${2 * size * rounds.length} streams broken`,
      holds: broken.length === 0,
    },
    figures.atMost(
      `${size} streams: delivery p99 at most ${GOAL_DELIVERY_P99_MS} ms`,
      figures.p50('baton p99'),
      GOAL_DELIVERY_P99_MS,
      1,
    ),
    ...(['gateway', 'chat-service', 'redis'] as const).map((name) =>
      figures.atMost(
        `${size} streams: ${name} at most ${GOAL_US[name]} µs a token`,
        figures.p50(`${name} us`),
        GOAL_US[name],
        1,
      ),
    ),
    figures.atMost(`${size} streams: gateway at most ${GOAL_RATIO} times a raw writer`, ratio, GOAL_RATIO),
  ];
  return {
    row: [
      `${size} streams`,
      ...(['baton p50', 'baton p99', 'writer p99'] as const).map((name) => show(figures.p50(name), 1)),
      ...WORKERS.map((name) => show(figures.p50(`${name} us`), 1)),
      show(ratio),
    ],
    verdicts,
    notes: [...(reason === null ? [] : [reason]), ...broken.slice(0, 3)],
  };
}
