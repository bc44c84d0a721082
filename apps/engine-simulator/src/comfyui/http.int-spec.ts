import { createHash, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { PROBE_PACK } from './traces/probe-pack.ts';
import type { Graph } from './traces/graphs.ts';
import { TriedServer } from './traces/tried-server.ts';

let server: TriedServer;

beforeAll(async () => {
  server = await TriedServer.start({ control: { speed: 500 } }, { packs: PROBE_PACK });
});

afterAll(() => server.stop());

describe('conventions', () => {
  test.each([
    '/prompt',
    '/queue',
    '/history',
    '/system_stats',
    '/features',
    '/models',
    '/object_info/KSampler',
  ])('%s is the same with and without /api', async (path) => {
    const [plain, api] = [await server.get(path), await server.get(`/api${path}`)];
    expect([plain.status, plain.type]).toEqual([200, 'application/json; charset=utf-8']);
    expect(Object.keys(api.body)).toEqual(Object.keys(plain.body));
  });

  test.each(['/health', '/nothing', '/jobs', '/api/api/prompt'])(
    '%s is a 404 with an empty body',
    async (path) => {
      const answer = await server.get(path);
      expect([answer.status, answer.text, answer.type]).toEqual([404, '', 'application/octet-stream']);
    },
  );

  test('commands with nothing to say answer 200 with no body and no content type', async () => {
    const commands: [string, unknown][] = [
      ['/queue', { clear: true }],
      ['/history', { clear: true }],
      ['/interrupt', undefined],
      ['/free', {}],
    ];
    for (const [path, body] of commands) {
      const answer = await server.post(path, body);
      expect([answer.status, answer.text, answer.type]).toEqual([200, '', null]);
    }
  });

  test('the body limit holds for every request, also for a prompt', async () => {
    await server.control({ settings: { maxUploadMib: 0.01 } });
    const answer = await server.post('/prompt', { prompt: {}, padding: 'x'.repeat(20_000) });
    expect([answer.status, answer.type]).toEqual([413, 'text/plain; charset=utf-8']);
    await server.control({ settings: { maxUploadMib: 100 } });
  });

  test('a page of another origin is refused, a CORS flag lets it in', async () => {
    expect(await statusWith({ origin: 'http://evil.example' })).toBe(403);
    expect(await statusWith({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await statusWith({ origin: server.url })).toBe(200);
    await server.control({ settings: { corsOrigin: '*' } });
    expect(await statusWith({ origin: 'http://evil.example' })).toBe(200);
    expect(await statusWith({}, 'OPTIONS')).toBe(200);
    await server.control({ settings: { corsOrigin: '' } });
  });

  test('httpError strikes the path that it names', async () => {
    await server.control({ faults: { httpError: { path: '/queue', times: 1 } } });
    expect([(await server.get('/queue')).status, (await server.get('/queue')).status]).toEqual([500, 200]);
  });
});

/** By node:http, because fetch keeps these headers to itself. */
async function statusWith(headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL('/queue', server.url), { method, headers, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('what the server tells of itself', () => {
  test('choices come in two shapes, by the age of the node', async () => {
    const { body } =
      await server.get<Record<string, { input: { required: Record<string, unknown[]> } }>>('/object_info');
    expect(body['KSampler']?.input.required['scheduler']?.[0]).toContain('simple');
    expect(body['KSamplerSelect']?.input.required['sampler_name']?.[0]).toBe('COMBO');
    expect((await server.get('/object_info/Nope')).body).toEqual({});
  });

  test('every node of the Flux graphs is there with ordered inputs', async () => {
    const { body } =
      await server.get<Record<string, { input_order: { required: string[] }; output_node: boolean }>>(
        '/object_info',
      );
    expect(body['ImageScaleToTotalPixels']?.input_order.required).toEqual([
      'image',
      'upscale_method',
      'megapixels',
      'resolution_steps',
    ]);
    expect(Object.keys(body).filter((name) => body[name]?.output_node === true)).toEqual([
      'SaveImage',
      'PreviewImage',
      'SaveImageWebsocket',
    ]);
  });

  test('model folders list their files; an unknown folder is a 404', async () => {
    expect((await server.get('/models/checkpoints')).body).toEqual(['flux1-dev-fp8.safetensors']);
    expect((await server.get('/models/nope')).status).toBe(404);
  });
});

function endless(salt: number): Graph {
  return {
    1: { class_type: 'EmptyImage', inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
    2: {
      class_type: 'ProbeSteps',
      inputs: { image: ['1', 0], steps: 10_000, delay: 5, preview: false, salt },
    },
    9: { class_type: 'PreviewImage', inputs: { images: ['2', 0] } },
  };
}

interface Queue {
  readonly queue_running: [number, string][];
  readonly queue_pending: [number, string][];
}

describe('queue and jobs behind a running prompt', () => {
  let running: string;

  beforeEach(async () => {
    await server.post('/queue', { clear: true });
    await server.post('/interrupt');
    await eventually(async () => (await queue()).queue_running.length === 0);
    running = await post(endless(0), { number: -100 });
    await eventually(async () => (await queue()).queue_running.length === 1);
  });

  afterAll(async () => {
    await server.post('/queue', { clear: true });
    await server.post('/interrupt');
  });

  async function post(graph: Graph, extra: Record<string, unknown> = {}): Promise<string> {
    const id = randomUUID();
    const answer = await server.post('/prompt', { prompt: graph, prompt_id: id, ...extra });
    expect(answer.status).toBe(200);
    return id;
  }

  async function queue(): Promise<Queue> {
    return (await server.get<Queue>('/queue')).body;
  }

  test('what waits is shown in heap order', async () => {
    for (const number of [5, 3, 8, 1, 9, 2]) await post(endless(1), { number });
    expect((await queue()).queue_pending.map(([number]) => number)).toEqual([1, 3, 2, 5, 9, 8]);
    expect((await server.get('/prompt')).body).toEqual({ exec_info: { queue_remaining: 7 } });
  });

  test('the same number and id twice is a 500 on the second', async () => {
    const twin = { prompt: endless(1), prompt_id: randomUUID(), number: 4 };
    expect((await server.post('/prompt', twin)).status).toBe(200);
    expect((await server.post('/prompt', twin)).status).toBe(500);
  });

  test('a deleted prompt leaves no trace, and the running one is not touched', async () => {
    const waiting = await post(endless(1));
    await server.post('/queue', { delete: [waiting, running, 'unknown'] });
    const { queue_running: now, queue_pending: pending } = await queue();
    expect([now.map(([, id]) => id), pending]).toEqual([[running], []]);
    expect((await server.get(`/api/jobs/${waiting}`)).status).toBe(404);
    expect((await server.get(`/history/${waiting}`)).body).toEqual({});
  });

  test('jobs are listed by status, and a bad value is a 400', async () => {
    const waiting = await post(endless(1), { extra_data: { extra_pnginfo: { workflow: { id: 'w1' } } } });
    const { body } = await server.get<{ jobs: Record<string, unknown>[]; pagination: unknown }>(
      '/api/jobs?status=pending,in_progress&limit=10',
    );
    expect(body.jobs.map(({ id, status }) => [id, status])).toEqual(
      expect.arrayContaining([
        [running, 'in_progress'],
        [waiting, 'pending'],
      ]),
    );
    expect(body.pagination).toEqual({ offset: 0, limit: 10, total: 2, has_more: false });
    const ofWorkflow = await server.get<{ jobs: Record<string, unknown>[] }>('/api/jobs?workflow_id=w1');
    expect(ofWorkflow.body.jobs.map(({ id }) => id)).toEqual([waiting]);
    for (const query of ['status=odd', 'sort_by=odd', 'sort_order=odd', 'limit=-1', 'offset=x']) {
      expect((await server.get(`/api/jobs?${query}`)).status).toBe(400);
    }
  });

  test('cancel takes a waiting job out, interrupts a running one, and may be said twice', async () => {
    const waiting = await post(endless(1));
    expect((await server.post(`/api/jobs/${waiting}/cancel`)).body).toEqual({ cancelled: true });
    expect((await server.post(`/api/jobs/${waiting}/cancel`)).body).toEqual({ cancelled: false });
    expect((await server.post('/api/jobs/cancel', { job_ids: [running] })).body).toEqual({ cancelled: true });
    await eventually(async () => (await server.get(`/api/jobs/${running}`)).body['status'] === 'cancelled');
    const bad = await server.post('/api/jobs/cancel', { job_ids: ['x'] });
    expect([bad.status, bad.body]).toMatchObject([400, { invalid_ids: ['x'] }]);
  });

  test('an older version has no cancel', async () => {
    await server.control({ settings: { version: '0.25.0' } });
    expect((await server.post(`/api/jobs/${running}/cancel`)).status).toBe(404);
    await server.control({ settings: { version: '0.33.0' } });
  });
});

test('secrets are kept out of the queue, and a bad history page is a 500', async () => {
  const id = randomUUID();
  await server.post('/prompt', {
    prompt: {
      1: { class_type: 'EmptyImage', inputs: { width: 8, height: 8, batch_size: 1, color: 1 } },
      2: { class_type: 'PreviewImage', inputs: { images: ['1', 0] } },
    },
    prompt_id: id,
    extra_data: { api_key_comfy_org: 'secret', note: 'kept' },
  });
  await eventually(async () => id in (await server.get(`/history/${id}`)).body);
  const { text } = await server.get('/history?max_items=1');
  expect(text).toContain('kept');
  expect(text).not.toContain('secret');
  expect((await server.get('/history?max_items=many')).status).toBe(500);
});

async function upload(fields: Record<string, string | Blob>, path = '/upload/image'): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') form.set(name, value);
    else form.set(name, value, 'name.png');
  }
  return fetch(new URL(path, server.url), { method: 'POST', body: form, headers: { connection: 'close' } });
}

describe('files', () => {
  test('an upload keeps its name for the same bytes and gets another for other bytes', async () => {
    const named = async (text: string, extra: Record<string, string> = {}): Promise<unknown> =>
      (await upload({ image: new Blob([text]), ...extra })).json();
    expect(await named('one')).toEqual({ name: 'name.png', subfolder: '', type: 'input' });
    expect(await named('one')).toMatchObject({ name: 'name.png' });
    expect(await named('two')).toMatchObject({ name: 'name (1).png' });
    expect(await named('two', { overwrite: 'true', subfolder: 'a/b' })).toMatchObject({
      name: 'name.png',
      subfolder: 'a/b',
    });
    expect(await readFile(join(server.dataDir, 'input', 'a', 'b', 'name.png'), 'utf8')).toBe('two');
  });

  test.each<[Record<string, string | Blob>, number]>([
    [{ other: new Blob(['x']) }, 400],
    [{ image: new Blob(['x']), subfolder: '../..' }, 400],
    [{ image: new Blob(['x']), type: 'odd' }, 500],
    [{ image: 'no file' }, 500],
  ])('a bad upload %#', async (fields, status) => {
    const answer = await upload(fields);
    await answer.arrayBuffer();
    expect(answer.status).toBe(status);
  });

  test('a mask makes the picture transparent', async () => {
    const { default: sharp } = await import('sharp');
    const create = { width: 4, height: 4, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } as const;
    const solid = { ...create, background: { r: 200, g: 0, b: 0, alpha: 1 } };
    await writeFile(
      join(server.dataDir, 'input', 'red.png'),
      await sharp({ create: solid }).png().toBuffer(),
    );
    const mask = new Blob([new Uint8Array(await sharp({ create }).png().toBuffer())]);
    const ref = JSON.stringify({ filename: 'red.png', type: 'input' });
    const answer = (await (await upload({ image: mask, original_ref: ref }, '/upload/mask')).json()) as {
      name: string;
    };
    const stored = sharp(join(server.dataDir, 'input', answer.name));
    expect([...(await stored.raw().toBuffer()).subarray(0, 4)]).toEqual([200, 0, 0, 0]);
  });

  test('view sends the bytes of a file, parts of it, and nothing when it is known', async () => {
    await writeFile(join(server.dataDir, 'output', 'v.txt'), '0123456789');
    const url = new URL('/view?filename=v.txt', server.url);
    const whole = await fetch(url, { headers: { connection: 'close' } });
    expect([await whole.text(), whole.headers.get('content-disposition')]).toEqual([
      '0123456789',
      'filename="v.txt"',
    ]);
    const part = await fetch(url, { headers: { connection: 'close', range: 'bytes=2-4' } });
    expect([part.status, await part.text()]).toEqual([206, '234']);
    const etag = `"${createHash('sha1').update('0123456789').digest('hex')}"`;
    const known = await fetch(url, { headers: { connection: 'close', 'if-none-match': etag } });
    expect([known.status, await known.text()]).toEqual([304, '']);
  });

  test.each<[string, number]>([
    ['', 404],
    ['?filename=gone.png', 404],
    ['?filename=../x.png', 400],
    ['?filename=/etc/passwd', 400],
    ['?filename=x.png&type=odd', 400],
    ['?filename=x.png&subfolder=../..', 403],
  ])('view%s is %i with an empty body', async (query, status) => {
    const answer = await server.get(`/view${query}`);
    expect([answer.status, answer.text]).toEqual([status, '']);
  });

  test('view converts to webp and jpeg, and picks channels', async () => {
    const { default: sharp } = await import('sharp');
    const create = {
      width: 4,
      height: 4,
      channels: 4,
      background: { r: 1, g: 2, b: 3, alpha: 0.5 },
    } as const;
    await writeFile(join(server.dataDir, 'output', 'c.png'), await sharp({ create }).png().toBuffer());
    const seen = async (query: string): Promise<unknown> => {
      const answer = await fetch(new URL(`/view?filename=c.png&${query}`, server.url), {
        headers: { connection: 'close' },
      });
      const { format, channels } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
      return { format, channels };
    };
    expect(await seen('preview=webp')).toMatchObject({ format: 'webp' });
    expect(await seen('preview=jpeg;80')).toMatchObject({ format: 'jpeg' });
    expect(await seen('channel=rgb')).toEqual({ format: 'png', channels: 3 });
    expect(await seen('channel=rgba')).toEqual({ format: 'png', channels: 4 });
  });
});
