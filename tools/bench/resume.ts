import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { PACED_MODEL } from './paced-ollama.ts';
import { startPacedRole } from './paced-role.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { measureRounds, whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';

const LOGGED_TOKENS = 4_000;
/** So that the tokens stand in the log one by one, and it does not take minutes until they do. */
const GAP_MS = 3;
/** The reply goes on while readers come back to it. */
const MORE_TOKENS = 60_000;
const PER_PASS = 5;

const GOAL_P50_MS = 30;
const GOAL_P99_MS = 100;

type Way = 'resume' | 'from the start' | 'bare';

/** How soon a reader that comes back to a long reply has the first token it missed (G12). */
export const resume: Figure = {
  name: 'resume',
  title: `G12  Back to a reply with ${LOGGED_TOKENS} tokens in its log: milliseconds to the first missed token`,
  run: async ({ root, plan, say }: FigureContext): Promise<FigureReport> => {
    const engine = startPacedRole('engine', { TOKEN_GAP_MS: String(GAP_MS) });
    try {
      const { url: ollamaUrl } = await engine.started;
      return await withStack(
        root,
        async (stack) => {
          say(`a reply of ${LOGGED_TOKENS} tokens, then ${plan.rounds} rounds`);
          const { rounds, ids } = await measure(stack, plan);
          return report(rounds, ids, plan);
        },
        { ollamaUrl },
      );
    } finally {
      await engine.process.stop();
    }
  },
};

async function measure(
  { run }: BenchStack,
  plan: RoundsPlan,
): Promise<{ rounds: Round<Way>[]; ids: number }> {
  const agent = new Agent({ keepAlive: true });
  try {
    const api = new BatonApi(run.url);
    await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
    const chatId = await api.createChat('Benchmark', PACED_MODEL, MORE_TOKENS);
    const { reply } = await api.sendMessage(chatId, 'Go on and on.');
    const url = `${run.url}/api/replies/${reply.id}/events`;
    const ids = await readIds(url, api.authorization);
    const ask = (way: Way): Promise<number> => {
      if (way === 'bare')
        return timeToFirst({ agent, url: `${run.url}/health/live`, headers: {}, marker: '{' });
      const at = way === 'resume' ? ids[Math.floor(plan.random() * ids.length)] : undefined;
      const headers = { ...api.authorization, ...(at === undefined ? {} : { 'last-event-id': at }) };
      return timeToFirst({ agent, url, headers, marker: 'event: text\n' });
    };
    const ways: readonly Way[] = ['resume', 'from the start', 'bare'];
    const targets = ways.map((name) => ({ name, measure: () => ask(name) }));
    const rounds = await measureRounds(targets, { ...plan, passes: plan.passes * PER_PASS });
    await fetch(`${run.url}/api/replies/${reply.id}/cancel`, { method: 'POST', headers: api.authorization });
    return { rounds, ids: ids.length };
  } finally {
    agent.destroy();
  }
}

/** The ids of the events up to the token that makes it enough. */
function readIds(url: string, headers: Readonly<Record<string, string>>): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const ids: string[] = [];
    let tokens = 0;
    let rest = '';
    const outgoing = request(url, { headers, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.setEncoding('utf8').on('data', (piece: string) => {
        const blocks = (rest + piece).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const id = /^id: (\d+)$/m.exec(block)?.[1];
          if (id !== undefined) ids.push(id);
          tokens += block.match(/ t\d+/g)?.length ?? 0;
        }
        if (tokens < LOGGED_TOKENS) return;
        response.destroy();
        resolve(ids);
      });
      response.once('end', () => reject(new Error(`the reply ended after ${tokens} tokens`)));
    });
    outgoing.end();
  });
}

interface Asked {
  readonly agent: Agent;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the answer holds from the first token on. */
  readonly marker: string;
}

/** Milliseconds until the marker is there; the rest of the answer is not waited for. */
function timeToFirst({ agent, url, headers, marker }: Asked): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, agent });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (!text.includes(marker)) return;
        resolve(performance.now() - startedAt);
        response.destroy();
      });
      response.once('end', () => reject(new Error(`${response.statusCode}: ${text.slice(0, 200)}`)));
    });
    outgoing.end();
  });
}

function report(rounds: readonly Round<Way>[], ids: number, { random }: RoundsPlan): FigureReport {
  const reason = whyVoid(rounds, ['bare']);
  const figures = new RoundsReport(rounds, { random, isVoid: reason !== null });
  const row = (title: string, way: Way): string[] => [
    title,
    show(figures.p50(way)),
    show(figures.p99(way)),
    show(figures.ratio(way, 'bare')),
  ];
  return {
    table: [
      ['', 'p50 ms', 'p99 ms', 'times a bare request'],
      row('back to a position in the middle', 'resume'),
      row('from the start', 'from the start'),
      row('a request that does nothing (control)', 'bare'),
    ],
    verdicts: [
      figures.atMost(`first missed token p50 at most ${GOAL_P50_MS} ms`, figures.p50('resume'), GOAL_P50_MS),
      figures.atMost(`p99 at most ${GOAL_P99_MS} ms`, figures.p99('resume'), GOAL_P99_MS),
    ],
    notes: [...(reason === null ? [] : [reason]), `The log held ${ids} events.`],
    data: { rounds, ids },
  };
}
