import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { ReplyLogWriter } from '@baton/platform';
import { withStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { startPacedRole } from './paced-role.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';

/** Fifty tokens a second. */
const GAP_MS = 20;
const TOKENS = 100;
/** Answers of each way that run side by side. */
const PAIRS = 5;
const GOAL_SHARE = 1.01;

type Way = 'with' | 'without';

/** What keeping each token costs an answer (G13): the same engine, read with the reply log and without, at the same time. */
export const durability: Figure = {
  name: 'durability',
  title: `G13  An answer of ${TOKENS} tokens, ${1_000 / GAP_MS} a second, with the reply log and without, milliseconds`,
  run: async ({ root, plan, say }: FigureContext): Promise<FigureReport> => {
    const engine = startPacedRole('engine', { TOKEN_GAP_MS: String(GAP_MS) });
    try {
      const { url: engineUrl } = await engine.started;
      return await withStack(root, async ({ run }) => {
        say(`${plan.rounds} rounds of ${PAIRS} pairs`);
        return report(await measure(run.redisUrl, engineUrl, plan), plan);
      });
    } finally {
      await engine.process.stop();
    }
  },
};

async function measure(redisUrl: string, engineUrl: string, { rounds }: RoundsPlan): Promise<Round<Way>[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const redis = new Redis(redisUrl.replace(/^unix:\/\//, ''), { maxRetriesPerRequest: null });
  try {
    const writer = new ReplyLogWriter(redis);
    const withLog = async (): Promise<number> => {
      const log = writer.open(`bench-${randomUUID()}`);
      return answer(
        agent,
        engineUrl,
        (text) => log.append({ type: 'text', text }),
        () => log.close(),
      );
    };
    const without = (): Promise<number> => {
      let kept = '';
      return answer(
        agent,
        engineUrl,
        (text) => (kept += text),
        () => Promise.resolve(),
      );
    };
    const side = (): Promise<Record<Way, number>> =>
      Promise.all([withLog(), without()]).then(([a, b]) => ({ with: a, without: b }));
    await side();
    const measured: Round<Way>[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const pairs = await Promise.all(Array.from({ length: PAIRS }, side));
      measured.push({ with: pairs.map((pair) => pair.with), without: pairs.map((pair) => pair.without) });
    }
    return measured;
  } finally {
    redis.disconnect();
    agent.destroy();
  }
}

/** Milliseconds from the question until the whole answer is where it is to be kept. */
async function answer(
  agent: Agent,
  engineUrl: string,
  onText: (text: string) => void,
  keep: () => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  const body = JSON.stringify({ options: { num_predict: TOKENS } });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${engineUrl}/api/chat`, { agent, method: 'POST' })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
  for await (const line of createInterface({ input: response })) {
    const { message } = JSON.parse(line) as { message: { content: string } };
    onText(message.content);
  }
  await keep();
  return performance.now() - startedAt;
}

function report(rounds: readonly Round<Way>[], { random }: RoundsPlan): FigureReport {
  const reason = whyVoid(rounds, ['without']);
  const figures = new RoundsReport(rounds, { random, isVoid: reason !== null });
  const share = figures.ratio('with', 'without');
  return {
    table: [
      ['', 'p50 ms', 'p99 ms'],
      ['with the reply log', show(figures.p50('with')), show(figures.p99('with'))],
      ['without (control)', show(figures.p50('without')), show(figures.p99('without'))],
    ],
    verdicts: [figures.atMost(`at most ${GOAL_SHARE} times the answer without`, share, GOAL_SHARE, 4)],
    notes: reason === null ? [] : [reason],
    data: { rounds },
  };
}
