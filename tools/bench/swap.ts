import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SwapRecord } from '@baton/contracts';
import { z } from 'zod';
import { BatonApi } from '../demo/baton-api.ts';
import { changeSimulator, withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { show } from './rounds-report.ts';
import { estimate, median } from './statistics.ts';

const GOAL_MS = 60;
const GOAL_SHARE = 0.02;

/** Below it a context on the card is a look at the driver, not a model. */
const MODEL_BYTES = 100 * 1_024 * 1_024;
/** The card's list is read when what the swap began is over. */
const SETTLE_MS = 30;

const cardEvents = z.object({
  events: z.array(
    z.looseObject({
      at: z.number(),
      what: z.string(),
      engine: z.string(),
      label: z.string(),
      bytes: z.number(),
    }),
  ),
});
type CardEvent = z.infer<typeof cardEvents>['events'][number];

const control = z.looseObject({ settings: z.looseObject({ freeMs: z.number() }) });

interface Swap {
  readonly to: 'ollama' | 'comfyui';
  readonly totalMs: number;
  /** The control: what the simulated hardware and engines took of it by themselves. */
  readonly floorMs: number;
  readonly phases: SwapRecord['phases'];
}

/** A hand-over of the GPU, over the time that memory and engines need by themselves (G9). */
export const swap: Figure = {
  name: 'swap',
  title: 'G9  A hand-over of the GPU over its physical floor (simulated engines, real pace)',
  run: async ({ root, plan, counts, say }: FigureContext): Promise<FigureReport> =>
    withStack(
      root,
      async (stack) => {
        say(`${counts.swaps} swaps each way`);
        return report(await measure(stack, counts.swaps), plan);
      },
      { engineTime: 'real', env: { GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI: 'false' } },
    ),
};

/** A picture and an answer, in turn: each picture needs words first, so that the GPU goes there and back. */
async function measure({ run, ollamaUrl, comfyuiUrl }: BenchStack, count: number): Promise<Swap[]> {
  const api = new BatonApi(run.url);
  await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
  // Only loading and freeing take their time; what the engines compute between does not matter here.
  await changeSimulator(ollamaUrl, {
    settings: { tokensPerSecond: 100_000, promptTokensPerSecond: 1_000_000 },
  });
  await changeSimulator(comfyuiUrl, { settings: { stepMs: 1, decodeMs: 1 } });
  const freeMs = control.parse(await (await fetch(`${comfyuiUrl}/__control`)).json()).settings.freeMs;
  const chatId = await api.createChat('Benchmark', await api.defaultModel(), 8);
  const swaps: Swap[] = [];
  for (let at = 0; at < count; at += 1) {
    swaps.push(
      ...(await swapsOf(api, (await api.generateImage(chatId, 'A bridge.')).reply.id, run.cardUrl, freeMs)),
    );
    swaps.push(
      ...(await swapsOf(api, (await api.sendMessage(chatId, 'Thanks.')).reply.id, run.cardUrl, freeMs)),
    );
  }
  return swaps;
}

async function swapsOf(
  api: BatonApi,
  replyId: number,
  cardUrl: string | null,
  freeMs: number,
): Promise<Swap[]> {
  const from = Date.now();
  for await (const event of api.events(replyId)) {
    if (event.type !== 'end') continue;
    if (event.state !== 'done') throw new Error(`a message ended as ${event.state} ${event.code ?? ''}`);
    await pause(SETTLE_MS);
    const { events } = cardEvents.parse(await (await fetch(`${cardUrl ?? ''}/events`)).json());
    const since = events.filter(({ at }) => at >= from);
    return event.timeline.flatMap(({ swap: record }) => {
      // The very first load finds an empty card and is no hand-over.
      if (record?.from == null || record.to === null || record.from.engine === record.to.engine) return [];
      const to = record.to.engine;
      const floorMs = to === 'comfyui' ? unloadMs(since) : freeMs + loadMs(since);
      return [{ to, totalMs: record.total_ms, floorMs, phases: record.phases }];
    });
  }
  return [];
}

/** From the end of the model's process until the driver gives its memory back. */
function unloadMs(events: readonly CardEvent[]): number {
  const ofModel = ({ engine, bytes }: CardEvent): boolean => engine === 'ollama' && bytes > MODEL_BYTES;
  const gone = events.find((event) => event.what === 'vanished' && ofModel(event));
  const back = events.find((event) => event.what === 'reclaimed' && ofModel(event));
  return gone === undefined || back === undefined ? 0 : back.at - gone.at;
}

/** From the first byte of the model on the card to the last. */
function loadMs(events: readonly CardEvent[]): number {
  const ofModel = events.filter(
    ({ engine, what, label }) =>
      engine === 'ollama' &&
      label !== 'probe' &&
      label !== 'context' &&
      (what === 'allocated' || what === 'resized'),
  );
  return (ofModel.at(-1)?.at ?? 0) - (ofModel[0]?.at ?? 0);
}

function report(swaps: readonly Swap[], { random }: { random: () => number }): FigureReport {
  if (swaps.length === 0) return { table: [['there was no swap']], verdicts: [], notes: [], data: swaps };
  const ways = (['comfyui', 'ollama'] as const).filter((to) => swaps.some((one) => one.to === to));
  const over = ({ totalMs, floorMs }: Swap): number => totalMs - floorMs;
  const middle = (some: readonly Swap[], of: (one: Swap) => number) =>
    estimate(some, (drawn) => median(drawn.map(of)), random);
  return {
    table: [
      ['', 'swaps', 'whole p50 ms', 'floor (control) p50 ms', 'added p50 ms', 'added max ms'],
      ...ways.map((to) => {
        const those = swaps.filter((one) => one.to === to);
        return [
          `to ${to}`,
          String(those.length),
          show(
            middle(those, ({ totalMs }) => totalMs),
            0,
          ),
          show(
            middle(those, ({ floorMs }) => floorMs),
            0,
          ),
          show(middle(those, over), 0),
          Math.max(...those.map(over)).toFixed(0),
        ];
      }),
    ],
    verdicts: ways.map((to) => {
      const those = swaps.filter((one) => one.to === to);
      // Every swap has its own floor, so each is held against its own allowance.
      const excess = middle(those, (one) => over(one) - GOAL_SHARE * one.floorMs);
      return {
        goal: `to ${to}: at most ${GOAL_MS} ms and ${GOAL_SHARE * 100} % over the floor`,
        measured: `${show(excess, 0)} ms beyond the ${GOAL_SHARE * 100} %`,
        holds: excess.high <= GOAL_MS,
      };
    }),
    notes: [],
    data: { swaps },
  };
}
