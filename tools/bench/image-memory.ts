import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { sentMessage } from '@baton/contracts';
import sharp from 'sharp';
import { BatonApi } from '../demo/baton-api.ts';
import { changeSimulator, withStack } from './bench-stack.ts';
import type { BenchStack } from './bench-stack.ts';
import type { Figure, FigureContext, FigureReport } from './figure.ts';
import { memoryOf } from './process-memory.ts';
import { median } from './statistics.ts';

const PICTURES = 4;
const RENDERED_SIDE = 1_024;
const UPLOADED_SIDE = 4_096;
/** The heap and the allocator's pools grow to what the work needs at its highest, which takes this long; that counts to neither half. */
const FILLING_ROUNDS = 10;
/** Fewer say more about what was done last than about what stays. */
const LEAST_ROUNDS = 40;
/** Native memory comes and goes with what was done last. */
const FLAT_WITHIN = 1.1;

/** Enough steps for previews. */
const COMFYUI = { settings: { stepMs: 20, decodeMs: 20, previewMethod: 'latent2rgb' } };

/** What image-service holds while large pictures pass, again and again. */
export const imageMemory: Figure = {
  name: 'image-memory',
  title: 'Memory of image-service while pictures pass',
  run: ({ root, say }: FigureContext): Promise<FigureReport> =>
    withStack(root, async (stack) => report(await measure(stack, LEAST_ROUNDS, say)), {
      env: { GPU_ALWAYS_RESTORE_OLLAMA_AFTER_COMFYUI: 'false' },
    }),
};

interface Readings {
  /** RSS in MiB: before anything, and after each round. */
  readonly readings: readonly number[];
  readonly peakMib: number;
}

async function measure(stack: BenchStack, rounds: number, say: (text: string) => void): Promise<Readings> {
  await changeSimulator(stack.comfyuiUrl, COMFYUI);
  const api = new BatonApi(stack.run.url);
  await api.register(`bench-${randomBytes(4).toString('hex')}`, randomBytes(16).toString('base64url'));
  const chatId = await api.createChat('Benchmark', await api.defaultModel());
  const photograph = await largePhotograph();
  const pid = stack.run.services['image-service']?.pid ?? 0;
  const readings = [memoryOf(pid).rssMib];
  for (let round = 0; round < rounds; round += 1) {
    const uploads = Array.from({ length: PICTURES }, () => upload(stack.run.url, api, photograph));
    await Promise.all([...uploads, render(stack.run.url, api, chatId)]);
    readings.push(memoryOf(pid).rssMib);
    say(`round ${round + 1}: ${(readings.at(-1) ?? 0).toFixed(0)} MiB`);
  }
  return { readings, peakMib: peakOf(pid) };
}

/** The most that a process has ever held. */
function peakOf(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1_024;
}

async function largePhotograph(): Promise<Blob> {
  const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const;
  const create = {
    width: UPLOADED_SIDE,
    height: UPLOADED_SIDE,
    channels: 3,
    background: '#000',
    noise,
  } as const;
  return new Blob([new Uint8Array(await sharp({ create }).jpeg({ quality: 70 }).toBuffer())]);
}

async function upload(url: string, api: BatonApi, photograph: Blob): Promise<void> {
  const form = new FormData();
  form.append('file', photograph, 'large.jpg');
  const response = await fetch(`${url}/api/image/upload`, {
    method: 'POST',
    headers: api.authorization,
    body: form,
  });
  if (response.status !== 201) throw new Error(`an upload was refused: ${await response.text()}`);
  await response.arrayBuffer();
}

async function render(url: string, api: BatonApi, chatId: number): Promise<void> {
  const size = { width: RENDERED_SIDE, height: RENDERED_SIDE };
  const response = await fetch(`${url}/api/image/generate`, {
    method: 'POST',
    headers: { ...api.authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...size,
      chat_id: chatId,
      description: 'A fence.',
      use_prompt_as_is: true,
      batch_count: PICTURES,
    }),
  });
  const { reply } = sentMessage.parse(await response.json());
  for await (const event of api.events(reply.id)) {
    if (event.type === 'preview') await download(`${url}/api/images/preview/${reply.id}`, api);
    if (event.type === 'image') await download(`${url}/api/images/${event.image_id}/file`, api);
    if (event.type === 'end' && event.state !== 'done')
      throw new Error(`pictures were not made: ${event.state}`);
  }
}

/** A preview may be gone when it is asked for. */
async function download(url: string, api: BatonApi): Promise<void> {
  await (await fetch(url, { headers: api.authorization })).arrayBuffer();
}

function report({ readings, peakMib }: Readings): FigureReport {
  const [before = 0, ...after] = readings;
  const settled = after.slice(FILLING_ROUNDS);
  const half = Math.floor(settled.length / 2);
  const [early, late] = [settled.slice(0, half), settled.slice(half)].map(median) as [number, number];
  return {
    table: [
      ['', 'RSS MiB'],
      ['before the first picture', before.toFixed(0)],
      ['after the first round', (after[0] ?? 0).toFixed(0)],
      ['early rounds, median', early.toFixed(0)],
      ['late rounds, median', late.toFixed(0)],
      ['highest after a round', Math.max(...after).toFixed(0)],
      ['highest of all, in the middle of the work', peakMib.toFixed(0)],
    ],
    verdicts: [
      {
        goal: `flat: late rounds at most ${((FLAT_WITHIN - 1) * 100).toFixed(0)} % above early ones`,
        measured: `${((late / early - 1) * 100).toFixed(1)} %`,
        holds: late <= early * FLAT_WITHIN,
      },
    ],
    notes: [
      `Each round: ${PICTURES} pictures of ${RENDERED_SIDE}² rendered, with previews, and ${PICTURES} uploads of ${UPLOADED_SIDE}² at the same time.`,
    ],
    data: { readings, peakMib },
  };
}
