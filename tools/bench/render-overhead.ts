import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { imageList, sentMessage } from '@baton/contracts';
import { z } from 'zod';
import { BatonApi } from '../demo/baton-api.ts';
import { changeSimulator, withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { quantile } from './statistics.ts';

const GOAL_MS = 60;
const WARM_UP = 5;
const SIDE = 256;
const LOOK_EVERY_MS = 2;

/** Next to no time: what is measured is what stands around the engine. */
const FAST_COMFYUI = { settings: { stepMs: 1, decodeMs: 1, encodeTextMs: 1, openMs: 1 } };

const history = z.record(
  z.string(),
  z.object({
    prompt: z.tuple([z.number(), z.string(), z.record(z.string(), z.unknown())], z.unknown()),
    outputs: z.record(
      z.string(),
      z.looseObject({ images: z.array(z.record(z.string(), z.string())).optional() }),
    ),
    status: z.looseObject({
      completed: z.boolean(),
      messages: z.array(z.tuple([z.string(), z.looseObject({ timestamp: z.number() })])),
    }),
  }),
);
type Entry = z.infer<typeof history>[string];

/** Milliseconds before the engine begins, and after it has ended until the picture is told or here. */
interface Around {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Of `afterMs`: decoding, encoding anew, thumbnail, disk. */
  readonly storeMs: number;
}

/** What Baton adds to a render, against the same graph given to the engine itself. */
export const renderOverhead: Figure = {
  name: 'render-overhead',
  title: 'What Baton adds to a render',
  run: ({ root, plan }: FigureContext): Promise<FigureReport> =>
    withStack(root, async (stack) => report(await measure(stack, plan.rounds * 5)), {
      env: { GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI: 'false' },
    }),
};

async function measure(
  stack: BenchStack,
  passes: number,
): Promise<{ readonly baton: Around[]; readonly bare: Around[] }> {
  await changeSimulator(stack.comfyuiUrl, FAST_COMFYUI);
  const api = new BatonApi(stack.run.url);
  await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
  const chatId = await api.createChat('Benchmark', await api.defaultModel());
  const [baton, bare]: [Around[], Around[]] = [[], []];
  for (let pass = -WARM_UP; pass < passes; pass += 1) {
    // In turn, so that what disturbs the machine disturbs both.
    const through = await throughBaton(stack, api, chatId);
    const straight = await straightTo(stack.comfyuiUrl, through.graph);
    if (pass < 0) continue;
    baton.push(through.around);
    bare.push(straight);
  }
  return { baton, bare };
}

async function throughBaton(
  { run, comfyuiUrl }: BenchStack,
  api: BatonApi,
  chatId: number,
): Promise<{ readonly around: Around; readonly graph: Record<string, unknown> }> {
  const body = {
    chat_id: chatId,
    description: 'A fence.',
    width: SIDE,
    height: SIDE,
    use_prompt_as_is: true,
  };
  const startedAt = now();
  const response = await fetch(`${run.url}/api/image/generate`, {
    method: 'POST',
    headers: { ...api.authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, settings: { steps: 1 } }),
  });
  const { reply } = sentMessage.parse(await response.json());
  let toldAt = 0;
  let state = '';
  for await (const event of api.events(reply.id)) {
    if (event.type === 'image') toldAt = now();
    if (event.type === 'end') ({ state } = event);
  }
  if (toldAt === 0) throw new Error(`a picture was not made: ${state}`);
  const shown = await fetch(`${run.url}/api/image/${reply.id}`, { headers: api.authorization });
  const [image] = imageList.parse(await shown.json()).images;
  const [entry] = Object.values(await read(`${comfyuiUrl}/history?max_items=1`));
  if (entry === undefined) throw new Error('the engine knows no render');
  const storeMs = image?.timings?.['store'] ?? 0;
  return { around: { ...around(entry, startedAt, toldAt), storeMs }, graph: entry.prompt[2] };
}

/** The same graph with another seed, by a client of nothing but the engine: until it has the bytes. */
async function straightTo(url: string, graph: Record<string, unknown>): Promise<Around> {
  const prompt = structuredClone(graph) as Record<string, { inputs: Record<string, unknown> }>;
  for (const { inputs } of Object.values(prompt)) {
    if ('seed' in inputs) inputs['seed'] = Number.parseInt(randomBytes(6).toString('hex'), 16);
  }
  const id = randomUUID();
  const startedAt = now();
  const given = await fetch(`${url}/prompt`, {
    method: 'POST',
    body: JSON.stringify({ prompt, prompt_id: id }),
  });
  await given.arrayBuffer();
  for (;;) {
    const entry = (await read(`${url}/history/${id}`))[id];
    if (entry?.status.completed !== true) {
      await pause(LOOK_EVERY_MS);
      continue;
    }
    const [file] = Object.values(entry.outputs).flatMap(({ images }) => images ?? []);
    await (await fetch(`${url}/view?${new URLSearchParams(file).toString()}`)).arrayBuffer();
    return { ...around(entry, startedAt, now()), storeMs: 0 };
  }
}

function around({ status }: Entry, startedAt: number, endedAt: number): Omit<Around, 'storeMs'> {
  const at = (name: string): number =>
    status.messages.find(([event]) => event === name)?.[1].timestamp ?? Number.NaN;
  return {
    beforeMs: at('execution_start') - startedAt,
    afterMs: endedAt - at('execution_success'),
  };
}

async function read(url: string): Promise<z.infer<typeof history>> {
  return history.parse(await (await fetch(url)).json());
}

/** As the engine's own times are told. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function report({ baton, bare }: { readonly baton: Around[]; readonly bare: Around[] }): FigureReport {
  const show = (values: readonly number[]): string[] =>
    [0.5, 0.95].map((share) => quantile(values, share).toFixed(1));
  const added = baton.map(
    ({ beforeMs, afterMs, storeMs }, index) =>
      beforeMs + afterMs - storeMs - (bare[index]?.beforeMs ?? 0) - (bare[index]?.afterMs ?? 0),
  );
  const row = (title: string, of: readonly Around[], value: (one: Around) => number): string[] => [
    title,
    ...show(of.map(value)),
  ];
  const measured = quantile(added, 0.5);
  return {
    table: [
      ['', 'p50 ms', 'p95 ms'],
      row('Baton: request to the engine’s start', baton, ({ beforeMs }) => beforeMs),
      row('Baton: engine’s end to the event “image”', baton, ({ afterMs }) => afterMs),
      row('  of it file work (decode, encode, thumbnail, disk)', baton, ({ storeMs }) => storeMs),
      row('engine alone: request to its start (control)', bare, ({ beforeMs }) => beforeMs),
      row('engine alone: its end to the bytes (control)', bare, ({ afterMs }) => afterMs),
      ['added, without file work', ...show(added)],
    ],
    verdicts: [
      {
        goal: `at most ${GOAL_MS} ms beside file work (p50)`,
        measured: `${measured.toFixed(1)} ms`,
        holds: measured <= GOAL_MS,
      },
    ],
    notes: [
      `${baton.length} pictures of ${SIDE} × ${SIDE}, the prompt as it is; the engine has the GPU already.`,
      'The engine tells its times in whole milliseconds.',
    ],
    data: { baton, bare, added },
  };
}
