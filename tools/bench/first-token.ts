import { randomBytes } from 'node:crypto';
import { ollamaLoadOptions } from '@baton/contracts';
import { Redis } from 'ioredis';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport, Verdict } from './figure.ts';
import { startFloor } from './floor-harness.ts';
import { measureRounds, whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';
import { estimate, median, quantile } from './statistics.ts';
import type { Estimate } from './statistics.ts';
import { StreamCaller } from './stream-call.ts';

const GOAL_P50_MS = 3.5;
const GOAL_P99_MS = 15;
const GOAL_RATIO = 2.3;

/** What chat-service and process-manager use by default: another length would make the engine load the model again. */
const CONTEXT_LENGTH = 8_192;
const REPLY_TOKENS = 4;
/** A chat gets this many messages and then a new one begins, so that the history stays short. */
const MESSAGES_PER_CHAT = 8;
const QUESTION = 'Say something short.';

type Way = 'path' | 'floor' | 'engine' | 'ping';
const WAYS = ['path', 'floor', 'engine', 'ping'] as const satisfies readonly Way[];
const TITLES: Readonly<Record<Way, string>> = {
  path: 'Baton, whole path',
  floor: 'floor: two hops, a stream',
  engine: 'engine alone (control)',
  ping: 'Redis PING (control)',
};

/** What Baton adds to the time to the first token while the model is loaded and nobody else waits. */
export const firstToken: Figure = {
  name: 'first-token',
  title: 'Added time to the first token, engine hot, GPU idle',
  run: async ({ root, plan, say }: FigureContext): Promise<FigureReport> =>
    withStack(root, async (stack) => {
      say(`Baton is ready after ${(stack.readyMs / 1_000).toFixed(1)} s; measuring.`);
      return report(await measure(stack, plan), plan);
    }),
};

async function measure(stack: BenchStack, plan: RoundsPlan): Promise<Round<Way>[]> {
  const redis = new Redis(stack.run.redisUrl);
  const floor = await startFloor({ redisUrl: stack.run.redisUrl, engineUrl: stack.ollamaUrl });
  const callers = { path: new StreamCaller(), floor: new StreamCaller(), engine: new StreamCaller() };
  try {
    const api = new BatonApi(stack.run.url);
    await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
    const model = await api.defaultModel();
    const path = pathCall(stack, api, model);
    const body = {
      model,
      messages: [{ role: 'user', content: QUESTION }],
      stream: true,
      think: false,
      keep_alive: '30m',
      options: { ...ollamaLoadOptions(CONTEXT_LENGTH), num_predict: REPLY_TOKENS },
    };
    const engineUrl = `${stack.ollamaUrl}/api/chat`;
    return await measureRounds<Way>(
      [
        { name: 'path', measure: async () => callers.path.timeToFirst(await path()) },
        {
          name: 'floor',
          measure: () => callers.floor.timeToFirst({ url: floor.url, headers: {}, body, marker: 'data: ' }),
        },
        {
          name: 'engine',
          measure: () =>
            callers.engine.timeToFirst({ url: engineUrl, headers: {}, body, marker: '"content":"' }),
        },
        {
          name: 'ping',
          measure: async () => {
            const startedAt = performance.now();
            await redis.ping();
            return performance.now() - startedAt;
          },
        },
      ],
      plan,
    );
  } finally {
    for (const caller of Object.values(callers)) caller.close();
    await floor.stop();
    redis.disconnect();
  }
}

/** Gives the next message to send, in a new chat every few messages. Making the chat is not timed. */
function pathCall(stack: BenchStack, api: BatonApi, model: string) {
  let chatId = 0;
  let sent = 0;
  return async () => {
    if (sent % MESSAGES_PER_CHAT === 0) chatId = await api.createChat('Benchmark', model, REPLY_TOKENS);
    sent += 1;
    return {
      url: `${stack.run.url}/api/chats/${chatId}/messages`,
      headers: { ...api.authorization, accept: 'text/event-stream' },
      body: { content: QUESTION },
      marker: 'event: text',
    };
  };
}

function report(rounds: readonly Round<Way>[], plan: RoundsPlan): FigureReport {
  const of = (statistic: (rounds: readonly Round<Way>[]) => number): Estimate =>
    estimate(rounds, statistic, plan.random);
  const reason = whyVoid(rounds, ['ping', 'engine']);
  const added = {
    p50: of((some) => addedP50(some, 'path')),
    p99: of((some) => quantile(addedValues(some, 'path'), 0.99)),
    floorP50: of((some) => addedP50(some, 'floor')),
    floorP99: of((some) => quantile(addedValues(some, 'floor'), 0.99)),
    ratio: of((some) => addedP50(some, 'path') / addedP50(some, 'floor')),
  };
  const verdict = (goal: string, measured: Estimate, limit: number): Verdict => ({
    goal,
    measured: show(measured),
    holds: reason === null ? measured.high <= limit : null,
  });
  return {
    table: [
      ['', 'p50 ms', 'p99 ms', 'added p50 ms', 'added p99 ms'],
      ...WAYS.map((way) => [
        TITLES[way],
        show(of((some) => median(some.map((round) => median(round[way]))))),
        show(
          of((some) =>
            quantile(
              some.flatMap((round) => round[way]),
              0.99,
            ),
          ),
        ),
        ...(way === 'path' ? [show(added.p50), show(added.p99)] : []),
        ...(way === 'floor' ? [show(added.floorP50), show(added.floorP99)] : []),
      ]),
    ],
    verdicts: [
      verdict(`added p50 at most ${GOAL_P50_MS} ms`, added.p50, GOAL_P50_MS),
      verdict(`added p50 at most ${GOAL_RATIO} times the floor's`, added.ratio, GOAL_RATIO),
      verdict(`added p99 at most ${GOAL_P99_MS} ms`, added.p99, GOAL_P99_MS),
    ],
    notes: reason === null ? [] : [reason],
    data: { added, rounds },
  };
}

/** The median over the rounds of what a way's median adds to the engine's. */
function addedP50(rounds: readonly Round<Way>[], way: Way): number {
  return median(rounds.map((round) => median(round[way]) - median(round.engine)));
}

/** Every single call, less the engine's median in the same round. */
function addedValues(rounds: readonly Round<Way>[], way: Way): number[] {
  return rounds.flatMap((round) => {
    const engine = median(round.engine);
    return round[way].map((ms) => ms - engine);
  });
}

function show({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}
