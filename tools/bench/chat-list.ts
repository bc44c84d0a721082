import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { chat, chatPage, chatWithMessages, type ChatFile } from '@baton/contracts';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack, type BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { measureRounds, whyVoid, type Round, type RoundsPlan } from './rounds.ts';
import { quantile } from './statistics.ts';

const MESSAGES = 5_000;
const AT_A_TIME = 8;
const WORDS = ['fence', 'garden', 'bridge', 'engine', 'letter', 'winter', 'paint', 'river', 'music', 'stone'];

type Look = 'chats' | 'chats, in the middle' | 'search' | 'messages' | 'messages, in the middle' | 'bare';
const LOOKS: readonly Look[] = [
  'chats',
  'chats, in the middle',
  'search',
  'messages',
  'messages, in the middle',
  'bare',
];

/** How soon a page of very many chats, or of a very long one, is there. Their query plans: query-plans.int-spec.ts. */
export const chatList: Figure = {
  name: 'chat-list',
  title: `Pages of very many chats, and of one with ${MESSAGES} messages, through the gateway: milliseconds`,
  run: ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> =>
    withStack(root, async (stack) => {
      say(`${counts.chats} chats, one of them with ${MESSAGES} messages`);
      const { rounds, chats } = await measure(stack, plan, counts.chats);
      return report(rounds, chats, plan);
    }),
};

async function measure(
  { run }: BenchStack,
  plan: RoundsPlan,
  chats: number,
): Promise<{ rounds: Round<Look>[]; chats: number }> {
  const api = new BatonApi(run.url);
  await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
  const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
  const client: Client = { agent, base: run.url, headers: api.authorization };
  try {
    const long = chat.parse(await ask(client, '/api/chats/import', longChat()));
    await fill(client, chats);
    const paths = await pathsOf(client, long.id, chats);
    const targets = LOOKS.map((name) => ({ name, measure: () => timed(client, paths[name]) }));
    return { rounds: await measureRounds(targets, plan), chats };
  } finally {
    agent.destroy();
  }
}

/** A few at a time, as an installation fills over years. */
async function fill(client: Client, chats: number): Promise<void> {
  let next = 0;
  const fillOn = async (): Promise<void> => {
    while (next < chats) {
      const at = next++;
      const title = [at, at * 7, at * 31].map((pick) => WORDS[pick % WORDS.length]).join(' ');
      await ask(client, '/api/chats', { title: `${title} ${at}` });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, fillOn));
}

/** Half way through both lists, by their own cursors. */
async function pathsOf(
  client: Client,
  longId: number,
  chats: number,
): Promise<Readonly<Record<Look, string>>> {
  let listCursor = '';
  for (let seen = 0; seen < chats / 2; seen += 100) {
    const page = chatPage.parse(await ask(client, `/api/chats?limit=100${listCursor}`));
    listCursor = `&cursor=${encodeURIComponent(page.next_cursor ?? '')}`;
  }
  let chatCursor = '';
  for (let seen = 0; seen < MESSAGES / 2; seen += 200) {
    const page = chatWithMessages.parse(await ask(client, `/api/chats/${longId}?limit=200${chatCursor}`));
    chatCursor = `&before=${encodeURIComponent(page.previous_cursor ?? '')}`;
  }
  return {
    chats: '/api/chats?limit=50',
    'chats, in the middle': `/api/chats?limit=50${listCursor}`,
    search: '/api/chats?limit=50&q=bridge%20winter',
    messages: `/api/chats/${longId}?limit=100`,
    'messages, in the middle': `/api/chats/${longId}?limit=100${chatCursor}`,
    bare: '/health/live',
  };
}

function longChat(): ChatFile {
  const at = '2026-01-01T10:00:00.000Z';
  const sentence = WORDS.join(' ');
  return {
    format: 'baton-chat',
    version: 1,
    exported_at: at,
    chat: {
      title: 'A very long one',
      model: null,
      temperature: null,
      top_p: null,
      max_tokens: null,
      think: null,
      system_prompt: null,
    },
    messages: Array.from({ length: MESSAGES }, (_, index) => ({
      id: index + 1,
      parent_id: index === 0 ? null : index,
      role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: `${index}: ${sentence}, ${sentence}.`,
      thinking: null,
      model: null,
      created_at: at,
      shown: true,
    })),
  };
}

interface Client {
  readonly agent: Agent;
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function timed(client: Client, path: string): Promise<number> {
  const from = performance.now();
  await ask(client, path);
  return performance.now() - from;
}

/** GET, or POST when there is a body; resolves with the whole answer. */
function ask({ agent, base, headers }: Client, path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const method = body === undefined ? 'GET' : 'POST';
    const outgoing = request(`${base}${path}`, { agent, method, headers: { ...headers, ...json } });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${response.statusCode} ${text.slice(0, 200)}`));
      });
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function report(rounds: readonly Round<Look>[], chats: number, { random }: RoundsPlan): FigureReport {
  const reason = whyVoid(rounds, ['bare']);
  const figures = new RoundsReport(rounds, { random, isVoid: reason !== null });
  const p95 = (name: Look) =>
    figures.of((some) =>
      quantile(
        some.flatMap((round) => round[name]),
        0.95,
      ),
    );
  const TITLES: Readonly<Record<Look, string>> = {
    chats: `first 50 of ${chats} chats`,
    'chats, in the middle': '50 in the middle of them',
    search: 'a search for two words, first 50',
    messages: `last 100 of ${MESSAGES} messages`,
    'messages, in the middle': '100 in the middle of them',
    bare: 'a request that does nothing (control)',
  };
  return {
    table: [
      ['', 'p50 ms', 'p95 ms', 'times a bare request'],
      ...LOOKS.map((name) => [
        TITLES[name],
        show(figures.p50(name)),
        show(p95(name)),
        show(figures.ratio(name, 'bare')),
      ]),
    ],
    verdicts: [],
    notes: reason === null ? [] : [reason],
    data: { rounds, chats },
  };
}
