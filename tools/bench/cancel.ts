import { randomBytes, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { BatonApi } from '../demo/baton-api.ts';
import { withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { GpuClient } from './gpu-client.ts';
import { GrantWatch } from './grant-watch.ts';
import { PACED_MODEL, PacedOllama, machineTimeUs } from './paced-ollama.ts';
import { RoundsReport, show } from './rounds-report.ts';
import { measureRounds, whyVoid } from './rounds.ts';
import type { Round, RoundsPlan } from './rounds.ts';

const GOAL_WAITING_P99_MS = 10;
const GOAL_RUNNING_P99_MS = 150;

/** An answer that lasts longer than anything here. */
const TOKENS = 100_000;
const TOKEN_GAP_MS = 20;
const END_TIMEOUT_MS = 10_000;
const PASSES = { passes: 5, warmUpPasses: 3 } as const;

type Way = 'waiting' | 'running' | 'direct';

/** How soon Stop is felt: by the queue, and by the engine (G14). */
export const cancel: Figure = {
  name: 'cancel',
  title: 'G14  From Stop to the end of it',
  run: async ({ root, plan }: FigureContext): Promise<FigureReport> => {
    const engine = await PacedOllama.start(TOKEN_GAP_MS);
    try {
      return await withStack(
        root,
        async (stack) => report(await measure(stack, engine, { ...plan, ...PASSES }), plan),
        { ollamaUrl: engine.url, env: { OLLAMA_MAX_CONCURRENT: '1' } },
      );
    } finally {
      await engine.stop();
    }
  },
};

async function measure({ run }: BenchStack, engine: PacedOllama, plan: RoundsPlan): Promise<Round<Way>[]> {
  const gpu = new GpuClient(run);
  const watch = new GrantWatch(run.redisUrl);
  try {
    const api = new BatonApi(run.url);
    await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
    return await measureRounds<Way>(
      [
        { name: 'waiting', measure: () => cancelWaiting(gpu, watch) },
        { name: 'running', measure: () => stopReply(api, run.url, engine) },
        { name: 'direct', measure: () => leaveEngine(engine) },
      ],
      plan,
    );
  } finally {
    await watch.close();
    await gpu.close();
  }
}

/** Somebody holds the GPU, somebody else waits and gives up: until the queue has forgotten about it. */
async function cancelWaiting(gpu: GpuClient, watch: GrantWatch): Promise<number> {
  const over = Promise.withResolvers<undefined>();
  const isHeld = Promise.withResolvers<undefined>();
  const holding = gpu.use(
    async () => {
      isHeld.resolve(undefined);
      await over.promise;
    },
    { model: PACED_MODEL },
  );
  await isHeld.promise;
  const jobId = randomUUID();
  const givingUp = new AbortController();
  const isWaiting = Promise.withResolvers<undefined>();
  const waiting = gpu
    .use(() => Promise.resolve(), {
      jobId,
      model: PACED_MODEL,
      signal: givingUp.signal,
      onWaiting: () => isWaiting.resolve(undefined),
    })
    .catch(() => undefined);
  await isWaiting.promise;
  const startedAt = performance.now();
  givingUp.abort();
  const ended = await watch.endOf(jobId, END_TIMEOUT_MS);
  over.resolve(undefined);
  await Promise.all([waiting, holding]);
  if (ended === null) throw new Error('a job that was cancelled stayed in the queue');
  return ended.atMs - startedAt;
}

/** Stop, pressed in the middle of an answer: until the engine sees its client gone. */
async function stopReply(api: BatonApi, url: string, engine: PacedOllama): Promise<number> {
  const chatId = await api.createChat('Benchmark', PACED_MODEL, TOKENS);
  const { reply } = await api.sendMessage(chatId, 'A long answer, please.');
  const left = nextLeaving(engine);
  let startedAtUs = 0;
  for await (const event of api.events(reply.id)) {
    if (event.type === 'end') break;
    if (event.type !== 'text' || startedAtUs > 0) continue;
    startedAtUs = machineTimeUs();
    await fetch(`${url}/api/replies/${reply.id}/cancel`, { method: 'POST', headers: api.authorization });
  }
  return ((await left) - startedAtUs) / 1_000;
}

/** The control: a client of the engine itself hangs up. */
async function leaveEngine(engine: PacedOllama): Promise<number> {
  const left = nextLeaving(engine);
  const outgoing = request(`${engine.url}/api/chat`, { method: 'POST' });
  outgoing.on('error', () => undefined);
  const answered = new Promise<void>((resolve) => {
    outgoing.once('response', (response) => {
      response.on('error', () => undefined);
      response.once('data', () => resolve());
    });
  });
  outgoing.end(JSON.stringify({ model: PACED_MODEL, options: { num_predict: TOKENS } }));
  await answered;
  const startedAtUs = machineTimeUs();
  outgoing.destroy();
  return ((await left) - startedAtUs) / 1_000;
}

function nextLeaving(engine: PacedOllama): Promise<number> {
  return new Promise((resolve) => {
    engine.onLeft = resolve;
  });
}

function report(rounds: readonly Round<Way>[], { random }: RoundsPlan): FigureReport {
  const reason = whyVoid(rounds, ['direct']);
  const figures = new RoundsReport(rounds, { random, isVoid: reason !== null });
  const row = (title: string, way: Way): string[] => [title, show(figures.p50(way)), show(figures.p99(way))];
  return {
    table: [
      ['', 'p50 ms', 'p99 ms'],
      row('waiting: gone from the queue', 'waiting'),
      row('running: socket to the engine closed', 'running'),
      row('a client of the engine itself hangs up (control)', 'direct'),
    ],
    verdicts: [
      figures.atMost(
        `waiting: gone within ${GOAL_WAITING_P99_MS} ms at p99`,
        figures.p99('waiting'),
        GOAL_WAITING_P99_MS,
      ),
      figures.atMost(
        `running: closed within ${GOAL_RUNNING_P99_MS} ms at p99`,
        figures.p99('running'),
        GOAL_RUNNING_P99_MS,
      ),
    ],
    notes: reason === null ? [] : [reason],
    data: { rounds },
  };
}
