import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PROBE_PACK } from './probe-pack.ts';
import type { Frame } from './tried-server.ts';
import { TriedServer } from './tried-server.ts';

/** Traces of a real ComfyUI 0.33.0; the server here must answer the same prompts with the same frames. */

interface Traced {
  readonly kind?: 'prompt_response' | 'history' | 'job';
  readonly json?: unknown;
  readonly frame?: 'text' | 'binary';
  readonly event?: number;
  readonly image_type?: number;
  readonly image_magic_hex?: string;
  readonly metadata?: unknown;
}

type Item = [number, string, Record<string, unknown>, Record<string, unknown>, string[]];

interface Trace {
  readonly promptId: string;
  readonly item: Item;
  readonly answer: unknown;
  readonly frames: unknown[];
  readonly history: unknown;
  readonly job: unknown;
}

const CLIENT = '00000000-0000-4000-8000-0000000000c1';
/** Recorded with step delays of 100 ms and more, so that no progress is throttled away; the same holds here. */
const SPEED = 40;
/** The interrupt must land between two steps, so this one keeps to a pace at which a request takes less. */
const INTERRUPTED_SPEED = 2;

async function readTrace(name: string): Promise<Trace> {
  const text = await readFile(join(import.meta.dirname, `comfyui-${name}.jsonl`), 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Traced);
  const of = (kind: Traced['kind']): unknown => lines.find((line) => line.kind === kind)?.json;
  const history = of('history') as Record<string, { prompt: Item }>;
  const [entry] = Object.entries(history);
  if (entry === undefined) throw new Error(`trace ${name} has no history`);
  return {
    promptId: entry[0],
    item: entry[1].prompt,
    answer: of('prompt_response'),
    frames: lines.filter((line) => line.kind === undefined).map(tracedFrame),
    history,
    job: of('job'),
  };
}

function tracedFrame({
  frame,
  json,
  event,
  image_type: type,
  image_magic_hex: magic,
  metadata,
}: Traced): unknown {
  return frame === 'text' ? json : { event, magic, type: type ?? null, metadata: metadata ?? null };
}

function seenFrame(frame: Frame): unknown {
  if (!Buffer.isBuffer(frame)) return frame;
  const event = frame.readUInt32BE(0);
  const second = frame.readUInt32BE(4);
  const bodyAt = event === 4 ? 8 + second : 8;
  return {
    event,
    magic: frame.subarray(bodyAt, bodyAt + 4).toString('hex'),
    type: event === 4 ? null : second,
    metadata: event === 4 ? (JSON.parse(frame.toString('utf8', 8, bodyAt)) as unknown) : null,
  };
}

/**
 * Leaves out what cannot be the same twice: times, the random letters of temporary files, what a traceback and a
 * printed tensor say, and the order of sets (Python's changes with each start).
 */
function comparable(value: unknown, key = ''): unknown {
  if (['timestamp', 'create_time', 'execution_start_time', 'execution_end_time'].includes(key))
    return typeof value;
  if (key === 'traceback') return Array.isArray(value) && value.every((line) => typeof line === 'string');
  if (key === 'current_outputs' && Array.isArray(value)) return [...(value as string[])].sort();
  if (typeof value === 'string') {
    return value.startsWith('tensor(')
      ? 'tensor'
      : value.replace(/ComfyUI_temp_[a-z]{5}_/, 'ComfyUI_temp_?????_');
  }
  if (Array.isArray(value)) return value.map((item) => comparable(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, comparable(item, name)]));
}

interface Replay {
  readonly hasClient?: false;
  readonly handshake?: true;
  /** Interrupts when the progress has this value. */
  readonly interruptAt?: number;
}

async function replay(server: TriedServer, trace: Trace, how: Replay = {}): Promise<void> {
  const log = await server.connect(CLIENT);
  if (how.handshake) {
    log.socket.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
    await log.until(({ type }) => type === 'feature_flags');
  }
  const answer = await server.post('/prompt', {
    prompt: trace.item[2],
    prompt_id: trace.promptId,
    ...(how.hasClient === false ? {} : { client_id: CLIENT }),
  });
  expect(answer.body).toEqual(trace.answer);
  const { interruptAt } = how;
  if (interruptAt !== undefined) {
    await log.until(({ type, data }) => type === 'progress' && data['value'] === interruptAt);
    await server.post('/interrupt', { prompt_id: trace.promptId });
  }
  if (how.hasClient === false) {
    const idle = (): number =>
      log.texts.filter((frame) => frame.type === 'status' && remaining(frame) === 0).length;
    await log.until(() => idle() === 2);
  } else await log.finished(trace.promptId);
  expect(comparable(log.frames.map(seenFrame))).toEqual(comparable(trace.frames));
  const history = await server.get(`/history/${trace.promptId}`);
  expect(comparable(history.body)).toEqual(comparable(trace.history));
  const job = await server.get(`/api/jobs/${trace.promptId}`);
  expect(comparable(job.body)).toEqual(comparable(trace.job));
  await log.close();
}

function remaining({ data }: { data: Record<string, unknown> }): number {
  const { status } = data as { status: { exec_info: { queue_remaining: number } } };
  return status.exec_info.queue_remaining;
}

describe('the probe graphs, in the order in which they were recorded', () => {
  let server: TriedServer;

  beforeAll(async () => {
    server = await TriedServer.start({ control: { speed: SPEED } }, { packs: PROBE_PACK });
    // Twelve pictures with this prefix were there when the recording began.
    await writeFile(join(server.dataDir, 'output', 'probe_00012_.png'), '');
  });

  afterAll(() => server.stop());

  test.each<[string, Replay]>([
    ['success', {}],
    ['fully-cached', {}],
    ['previews-legacy', {}],
    ['previews-metadata', { handshake: true }],
    ['interrupted', { interruptAt: 7 }],
    ['error', {}],
    ['oom', {}],
    ['no-client-id', { hasClient: false }],
  ])('%s: same frames, same history, same job', async (name, how) => {
    await server.control({ speed: name === 'interrupted' ? INTERRUPTED_SPEED : SPEED });
    await replay(server, await readTrace(name), how);
  });
});

describe('the Flux graphs, in the order in which they were recorded', () => {
  let server: TriedServer;

  beforeAll(async () => {
    server = await TriedServer.start({
      // Small pictures take a quarter of a step: 150 ms each, as when they were recorded.
      control: { speed: SPEED, settings: { stepMs: 600 } },
    });
    const input = join(server.dataDir, 'input', 'a', 'b');
    await mkdir(input, { recursive: true });
    const { default: sharp } = await import('sharp');
    const create = { width: 64, height: 48, channels: 3, background: '#336699' } as const;
    await writeFile(join(input, 'p.png'), await sharp({ create }).png().toBuffer());
  });

  afterAll(() => server.stop());

  test.each(['flux-t2i', 'flux-t2i-second-seed', 'flux-unet-t2i', 'flux-img2img'])(
    '%s: same frames, same history, same job',
    async (name) => {
      await replay(server, await readTrace(name));
    },
  );
});
