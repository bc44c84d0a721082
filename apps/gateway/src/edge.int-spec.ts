import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ask,
  cancelBatch,
  changeImage,
  checkImages,
  createChat,
  deleteBatch,
  deleteChat,
  deleteImage,
  generateImage,
  getBatch,
  getChat,
  getDialogue,
  getImages,
  getReply,
  listChats,
  listGallery,
  listModels,
  readBatchLines,
  readGpuStatus,
  readTaskModels,
  regenerateReply,
  resumeDialogue,
  sendMessage,
  stopDialogue,
  updateChat,
  upscaleImage,
  varyImage,
  type CallContract,
} from '@baton/contracts';
import { CHAT, gpuStatusOf, sent } from './testing/examples.ts';
import { GatewayHarness, type Answer } from './testing/gateway-harness.ts';

let gateway: GatewayHarness;
let token: string;

beforeAll(async () => {
  gateway = await GatewayHarness.start({
    CORS_ORIGINS: 'https://other.example',
    REQUESTS_PER_MINUTE: '5000',
  });
  token = await gateway.register('someone');
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.fake.reset());

const EVERY_ID_ROUTE: readonly [string, string][] = [
  ['GET', '/api/chats/ID'],
  ['DELETE', '/api/chats/ID'],
  ['GET', '/api/chats/ID/export'],
  ['POST', '/api/chats/ID/messages/1/regenerate'],
  ['POST', '/api/chats/1/messages/ID/regenerate'],
  ['DELETE', '/api/chats/ID/messages/1'],
  ['DELETE', '/api/chats/1/messages/ID'],
  ['POST', '/api/chats/ID/messages/1/select'],
  ['POST', '/api/chats/1/messages/ID/select'],
  ['POST', '/api/chat/cancel/ID'],
  ['GET', '/api/chat/session/ID'],
  ['GET', '/api/chat/multi-model/ID'],
  ['GET', '/api/chat/multi-model/ID/events'],
  ['POST', '/api/chat/multi-model/ID/stop'],
  ['POST', '/api/chat/multi-model/ID/resume'],
  ['GET', '/api/chat/batch/ID'],
  ['GET', '/api/chat/batch/ID/results'],
  ['POST', '/api/chat/batch/ID/cancel'],
  ['DELETE', '/api/chat/batch/ID'],
  ['GET', '/api/replies/ID'],
  ['GET', '/api/replies/ID/events'],
  ['POST', '/api/replies/ID/cancel'],
  ['GET', '/api/image/ID'],
  ['GET', '/api/images/ID/file'],
  ['GET', '/api/images/ID/thumbnail'],
  ['GET', '/api/images/preview/ID'],
  ['PUT', '/api/images/ID'],
  ['DELETE', '/api/images/ID'],
  ['POST', '/api/images/ID/vary'],
  ['POST', '/api/images/ID/upscale'],
  ['POST', '/api/images/ID/link'],
  ['POST', '/api/experiments/ID/end'],
];

const BODY_ROUTES: readonly [string, string][] = [
  ['POST', '/api/auth/register'],
  ['POST', '/api/auth/login'],
  ['PATCH', '/api/auth/me'],
  ['POST', '/api/auth/password'],
  ['POST', '/api/chats'],
  ['PUT', '/api/chats/1'],
  ['POST', '/api/chats/1/messages'],
  ['PUT', '/api/chats/1/messages/2'],
  ['PUT', '/api/chats/1/messages/2/rating'],
  ['POST', '/api/image/generate'],
  ['POST', '/api/image/generate/stream'],
  ['PUT', '/api/images/1'],
  ['POST', '/api/images/1/vary'],
  ['POST', '/api/images/1/link'],
  ['POST', '/api/models/pull'],
  ['POST', '/api/experiments'],
  ['POST', '/api/chat/'],
  ['POST', '/api/chat/search'],
  ['POST', '/api/chat/cancel'],
  ['POST', '/api/chat/session'],
  ['POST', '/api/chat/multi-model'],
  ['POST', '/api/chat/batch'],
];

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, body: { status, code, type: `urn:baton:problem:${code}` } });
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts\b|\.js\b|127\.0\.0\.1|stack|Error:/);
}

describe('who may come in', () => {
  test('every route but a handful answers 401 without a token', async () => {
    const open = await gateway.ask('/openapi.json');
    const { paths } = open.body as { paths: Record<string, Record<string, { security?: unknown }>> };
    const closed = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([, { security }]) => JSON.stringify(security ?? []).includes('token'))
        .map(([method]) => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, '1')] as const),
    );
    expect(closed.length).toBeGreaterThan(20);
    for (const [method, path] of closed)
      expectProblem(await gateway.ask(path, { method }), 401, 'auth.required');
    expect(gateway.fake.asked).toEqual([]);
  });
});

describe('bad input', () => {
  test.each(EVERY_ID_ROUTE)(
    '%s %s takes whole numbers from 1 on, and nothing else reaches a service',
    async (method, path) => {
      for (const id of [
        'abc',
        '-1',
        '0',
        '1e3',
        '0x10',
        '1.5',
        '01',
        '%20',
        '9007199254740993',
        '99999999999999999999',
      ]) {
        const answer = await gateway.ask(path.replace('ID', id), { method, token });
        expectProblem(answer, 400, 'request.invalid');
      }
      expect(gateway.fake.asked).toEqual([]);
    },
  );

  test.each(BODY_ROUTES)('%s %s refuses what is no JSON object', async (method, path) => {
    const json = { 'content-type': 'application/json' };
    for (const rawBody of ['{"a":', 'nonsense', '']) {
      expectProblem(
        await gateway.ask(path, { method, token, rawBody, headers: json }),
        400,
        'request.invalid',
      );
    }
    for (const body of [[], 'text', 5, null, { __proto__: null, constructor: { prototype: {} } }]) {
      expectProblem(await gateway.ask(path, { method, token, json: body }), 400, 'request.invalid');
    }
    expectProblem(await gateway.ask(path, { method, token }), 400, 'request.invalid');
    expect(gateway.fake.asked).toEqual([]);
  });

  test.each(BODY_ROUTES)('%s %s names an unknown field', async (method, path) => {
    const answer = await gateway.ask(path, { method, token, json: { surprise: 1 } });
    expectProblem(answer, 400, 'request.invalid');
    expect(answer.body).toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ field: 'surprise' })]),
    });
  });

  test.each(BODY_ROUTES)('%s %s refuses forms, other types, and bodies above 1 MiB', async (method, path) => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await gateway.ask(path, {
        method,
        token,
        rawBody: 'a=1',
        headers: { 'content-type': type },
      });
      expectProblem(answer, 415, 'request.unsupported_media_type');
    }
    const huge = await gateway.ask(path, { method, token, json: { content: 'x'.repeat(1_100_000) } });
    expectProblem(huge, 413, 'request.too_large');
  });

  test.each<[string, string, object, string]>([
    ['POST', '/api/auth/register', { username: 'ab', password: 'long enough' }, 'username'],
    ['POST', '/api/auth/register', { username: 'a b c', password: 'long enough' }, 'username'],
    ['POST', '/api/auth/register', { username: 'x'.repeat(33), password: 'long enough' }, 'username'],
    ['POST', '/api/auth/register', { username: 'good', password: 'short' }, 'password'],
    ['POST', '/api/auth/register', { username: 'good', password: 'x'.repeat(129) }, 'password'],
    ['POST', '/api/auth/register', { username: 'good', password: 'long enough', email: 'nope' }, 'email'],
    ['POST', '/api/auth/register', { username: 5, password: 'long enough' }, 'username'],
    ['POST', '/api/auth/login', { username: '', password: 'x' }, 'username'],
    ['POST', '/api/auth/login', { username: 'x' }, 'password'],
    ['POST', '/api/auth/password', { current_password: 'x', new_password: 'short' }, 'new_password'],
    ['POST', '/api/chats', { title: '' }, 'title'],
    ['POST', '/api/chats', { title: '   ' }, 'title'],
    ['POST', '/api/chats', { title: 'x'.repeat(201) }, 'title'],
    ['POST', '/api/chats', { temperature: 3 }, 'temperature'],
    ['POST', '/api/chats', { temperature: '0.5' }, 'temperature'],
    ['POST', '/api/chats', { max_tokens: 1.5 }, 'max_tokens'],
    ['PUT', '/api/chats/1', { pinned: 'yes' }, 'pinned'],
    ['PUT', '/api/chats/1', {}, 'body'],
    ['POST', '/api/chats/1/messages', { content: ' \n ' }, 'content'],
    ['POST', '/api/chats/1/messages', { content: 'x'.repeat(64_001) }, 'content'],
    ['POST', '/api/chats/1/messages', { content: ['x'] }, 'content'],
    ['POST', '/api/chats/1/messages', { content: 'x', replaces: 0 }, 'replaces'],
    ['POST', '/api/chats/1/messages', { content: 'x', replaces: 1, parent_id: 2 }, 'parent_id'],
    ['POST', '/api/chats/1/messages', { content: 'x', image_ids: [1, 2, 3, 4, 5] }, 'image_ids'],
    ['POST', '/api/chats/1/messages/2/regenerate', { engine: 'quick' }, 'engine'],
    ['POST', '/api/chats/1/messages/2/regenerate', { surprise: 1 }, 'surprise'],
    ['PUT', '/api/chats/1', { top_p: 0 }, 'top_p'],
    ['PUT', '/api/chats/1', { think: 'much' }, 'think'],
    ['PUT', '/api/chats/1/messages/2', { content: '' }, 'content'],
    ['PUT', '/api/chats/1/messages/2/rating', { rating: 'best' }, 'rating'],
    ['POST', '/api/chats/import', { format: 'other' }, 'format'],
    ['POST', '/api/chat/', { message: '' }, 'message'],
    ['POST', '/api/chat/', { message: 'x', task_type: 'poetry' }, 'task_type'],
    ['POST', '/api/chat/', { message: 'x', temperature: 3 }, 'temperature'],
    ['POST', '/api/chat', { message: 'x', pair: true, session_id: 1 }, 'pair'],
    ['POST', '/api/chat/search', { message: 'x', query: '' }, 'query'],
    ['POST', '/api/chat/cancel', { chat_id: 1, session_id: 1 }, 'session_id'],
    ['POST', '/api/chat/multi-model', { models: ['a'], initial_message: 'x' }, 'models'],
    [
      'POST',
      '/api/chat/multi-model',
      { models: ['a', 'b'], initial_message: 'x', max_turns: 51 },
      'max_turns',
    ],
    ['POST', '/api/chat/batch', { requests: [] }, 'requests'],
    ['POST', '/api/chat/batch', { requests: [{ message: 'x' }, { message: '' }] }, 'requests.1.message'],
    ['POST', '/api/image/generate', { chat_id: '1', description: 'a fence' }, 'chat_id'],
    ['POST', '/api/image/generate', { chat_id: 1, description: '' }, 'description'],
    ['POST', '/api/image/generate', { chat_id: 1, description: 'a fence', width: 1000 }, 'width'],
    ['POST', '/api/image/generate', { chat_id: 1, description: 'a fence', height: 4096 }, 'height'],
    ['POST', '/api/image/generate', { chat_id: 1, description: 'a fence', seed: -1 }, 'seed'],
    ['POST', '/api/image/generate', { chat_id: 1, description: 'a fence', batch_count: 5 }, 'batch_count'],
    [
      'POST',
      '/api/image/generate',
      { chat_id: 1, description: 'a fence', settings: { denoise: 0 } },
      'settings.denoise',
    ],
    [
      'POST',
      '/api/image/generate',
      { chat_id: 1, description: 'a fence', reference_image_id: 1, reference_message_id: 2 },
      'reference_message_id',
    ],
    ['POST', '/api/image/generate/stream', { chat_id: 1, description: 'a fence', width: 1000 }, 'width'],
    ['PUT', '/api/images/1', { favourite: 'yes' }, 'favourite'],
    ['POST', '/api/images/1/vary', { batch_count: 0 }, 'batch_count'],
    ['POST', '/api/images/1/link', { seconds: 5 }, 'seconds'],
    ['POST', '/api/images/1/link', { kind: 'original' }, 'kind'],
    ['GET', '/api/images?limit=101', {}, 'limit'],
    ['GET', '/api/images?favourite=no', {}, 'favourite'],
    ['GET', '/api/images?origin=found', {}, 'origin'],
    ['POST', '/api/models/pull', { model: ' ' }, 'model'],
    ['POST', '/api/models/pull', { model: 'phi3', server: 'http://x' }, 'server'],
    ['POST', '/api/experiments', { name: 'x', model: 'a', variant: 'b', share: 100 }, 'share'],
    ['GET', '/api/models/server/models?server_url=x&server=1', {}, 'server'],
    ['GET', '/api/chats?limit=0', {}, 'limit'],
    ['GET', '/api/chats?limit=many', {}, 'limit'],
    ['GET', '/api/chats?q=', {}, 'q'],
    ['GET', '/api/chats?qq=1', {}, 'qq'],
    ['GET', '/api/chats/1?limit=201', {}, 'limit'],
    ['GET', '/api/chats/1?after=x', {}, 'after'],
    ['GET', '/api/chats/1/export?format=pdf', {}, 'format'],
  ])('%s %s with %j names the field %s', async (method, path, json, field) => {
    const answer = await gateway.ask(path, method === 'GET' ? { token } : { method, token, json });
    expectProblem(answer, 400, 'request.invalid');
    expect(answer.body).toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ field })]),
    });
    expect(gateway.fake.asked).toEqual([]);
  });

  test('unknown addresses and methods below /api are 404 problems, even for a browser', async () => {
    for (const [method, path] of [
      ['GET', '/api'],
      ['GET', '/api/nothing'],
      ['PATCH', '/api/chats/1'],
      ['GET', '/api/chat/'],
      ['POST', '/api/chat/nothing'],
      ['GET', '/v1/models'],
    ] as const) {
      expectProblem(
        await gateway.ask(path, { method, token, headers: { accept: 'text/html' } }),
        404,
        'request.not_found',
      );
    }
  });
});

describe('what is passed on', () => {
  test('calls carry the caller’s id, and other people’s things do not exist', async () => {
    const cases: readonly [CallContract, string, string, object?][] = [
      [getChat, 'GET', '/api/chats/5'],
      [updateChat, 'PUT', '/api/chats/5', { pinned: true }],
      [deleteChat, 'DELETE', '/api/chats/5'],
      [sendMessage, 'POST', '/api/chats/5/messages', { content: 'x' }],
      [regenerateReply, 'POST', '/api/chats/5/messages/6/regenerate'],
      [getReply, 'GET', '/api/replies/5'],
      [getReply, 'POST', '/api/replies/5/cancel'],
      [getReply, 'GET', '/api/replies/5/events'],
      [ask, 'POST', '/api/chat/', { message: 'x', session_id: 5 }],
      [ask, 'POST', '/api/chat/search', { message: 'x', chat_id: 5 }],
      [getChat, 'GET', '/api/chat/session/5'],
      [getReply, 'POST', '/api/chat/cancel/5'],
      [getDialogue, 'GET', '/api/chat/multi-model/5'],
      [getDialogue, 'GET', '/api/chat/multi-model/5/events'],
      [stopDialogue, 'POST', '/api/chat/multi-model/5/stop'],
      [resumeDialogue, 'POST', '/api/chat/multi-model/5/resume'],
      [getBatch, 'GET', '/api/chat/batch/5'],
      [readBatchLines, 'GET', '/api/chat/batch/5/results'],
      [cancelBatch, 'POST', '/api/chat/batch/5/cancel'],
      [deleteBatch, 'DELETE', '/api/chat/batch/5'],
      [generateImage, 'POST', '/api/image/generate', { chat_id: 5, description: 'x' }],
      [getImages, 'GET', '/api/image/5'],
      [generateImage, 'POST', '/api/image/generate/stream', { chat_id: 5, description: 'x' }],
      [changeImage, 'PUT', '/api/images/5', { favourite: true }],
      [deleteImage, 'DELETE', '/api/images/5'],
      [varyImage, 'POST', '/api/images/5/vary', {}],
      [upscaleImage, 'POST', '/api/images/5/upscale'],
      [checkImages, 'POST', '/api/images/5/link', {}],
    ];
    for (const [contract, method, path, json] of cases) {
      gateway.fake.refuse(contract, 'chat.not_found');
      expectProblem(await gateway.ask(path, { method, token, json }), 404, 'chat.not_found');
    }
    for (const { request } of gateway.fake.asked) expect(request).toMatchObject({ userId: 1 });
  });

  test('answers go out as the service gave them', async () => {
    gateway.fake.on(createChat, ({ chat }) => ({ ...CHAT, title: chat.title ?? 'none' }));
    gateway.fake.on(updateChat, ({ changes }) => ({ ...CHAT, pinned: changes.pinned ?? false }));
    gateway.fake.on(getChat, () => ({ chat: CHAT, messages: [], previous_cursor: null }));
    gateway.fake.on(deleteChat, () => ({ deleted: true as const }));
    gateway.fake.on(listChats, ({ q, limit }) => ({
      chats: [{ ...CHAT, title: `${q} ${limit}` }],
      next_cursor: null,
    }));
    gateway.fake.on(listModels, () => ({ models: [], default_model: 'm', simulated: true }));
    const pair = { planning: 'm', generation: 'm' };
    gateway.fake.on(readTaskModels, () => ({ models: [], tasks: [], pair }));
    gateway.fake.on(generateImage, () => sent(12));
    gateway.fake.on(listGallery, ({ q, isFavourite, limit }) => ({
      images: [],
      next_cursor: `${q} ${isFavourite} ${limit}`,
      storage: { used_bytes: 5, limit_bytes: null },
    }));
    gateway.fake.on(deleteImage, () => ({ deleted: true as const }));
    gateway.fake.on(varyImage, ({ body }) => sent(20 + body.batch_count));
    const ask = (method: string, path: string, json?: object): Promise<Answer> =>
      gateway.ask(path, { method, token, json });
    expect(await ask('POST', '/api/chats', { title: ' New ' })).toMatchObject({
      status: 201,
      body: { title: 'New' },
    });
    expect(await ask('PUT', '/api/chats/1', { pinned: true })).toMatchObject({
      status: 200,
      body: { pinned: true },
    });
    expect(await ask('GET', '/api/chats/1')).toMatchObject({
      status: 200,
      body: { chat: CHAT, messages: [] },
    });
    expect(await ask('DELETE', '/api/chats/1')).toMatchObject({ status: 204, body: undefined });
    expect(await ask('GET', '/api/chats?q=забор&limit=2')).toMatchObject({
      body: { chats: [{ title: 'забор 2' }] },
    });
    expect(await ask('GET', '/api/chat/models')).toMatchObject({ status: 200, body: { simulated: true } });
    const image = await ask('POST', '/api/image/generate', { chat_id: 1, description: 'a fence' });
    expect(image).toMatchObject({ status: 201, body: { reply: { id: 12 } } });
    expect(await ask('GET', '/api/images?q=забор&favourite=true')).toMatchObject({
      status: 200,
      body: { images: [], next_cursor: 'забор true 40', storage: { used_bytes: 5 } },
    });
    expect(await ask('DELETE', '/api/images/3')).toMatchObject({ status: 204, body: undefined });
    expect(await ask('POST', '/api/images/3/vary', { batch_count: 2 })).toMatchObject({
      status: 201,
      body: { reply: { id: 22 } },
    });
  });

  test('a service that fails inside says nothing of it outside', async () => {
    gateway.fake.on(readTaskModels, () => {
      throw new Error('connect ECONNREFUSED 10.0.0.7:3306 at /srv/app/secret.ts');
    });
    const answer = await gateway.ask('/api/chat/models', { token });
    expectProblem(answer, 500, 'internal');
    expect(JSON.stringify(answer.body)).not.toMatch(/10\.0\.0\.7|ECONN|secret/);
  });
});

describe('headers', () => {
  test('every answer carries the security headers and a correlation id', async () => {
    gateway.fake.on(readGpuStatus, () => gpuStatusOf());
    for (const answer of [
      await gateway.ask('/api/gpu/status', { token }),
      await gateway.ask('/api/nothing'),
      await gateway.ask('/', { headers: { accept: 'text/html' } }),
    ]) {
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-correlation-id')).toBeTruthy();
      expect(answer.headers.get('x-powered-by')).toBeNull();
    }
  });

  test('a correlation id is taken over when it is harmless, and quoted in the problem', async () => {
    const kept = await gateway.ask('/api/nothing', { headers: { 'x-correlation-id': 'my-request-1' } });
    expect(kept.body).toMatchObject({ correlation_id: 'my-request-1' });
    const other = await gateway.ask('/api/nothing', { headers: { 'x-correlation-id': '<script>' } });
    expect(other.headers.get('x-correlation-id')).not.toContain('<');
  });

  test('only configured origins may read answers', async () => {
    const allowed = await gateway.ask('/api/auth/me', {
      token,
      headers: { origin: 'https://other.example' },
    });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://other.example');
    const foreign = await gateway.ask('/api/auth/me', { token, headers: { origin: 'https://evil.example' } });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
    const asked = await gateway.ask('/api/chats', {
      method: 'OPTIONS',
      headers: { origin: 'https://other.example', 'access-control-request-method': 'POST' },
    });
    expect(asked.status).toBe(204);
  });
});

describe('documents and operations', () => {
  test('Swagger UI, ReDoc and the document come from here, with scripts that the policy allows', async () => {
    for (const path of ['/docs', '/redoc']) {
      const page = await gateway.ask(path);
      expect(page.status).toBe(200);
      const html = String(page.body);
      expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
      expect(html).not.toMatch(/<script(?![^>]*src=)/);
      const scripts = [...html.matchAll(/<script[^>]*src=["']([^"']+)["']/g)].map(([, src = '']) => src);
      expect(scripts.length).toBeGreaterThan(0);
      for (const script of scripts) {
        const file = await fetch(new URL(script, `${gateway.url}${path}`));
        expect([script, file.status, file.headers.get('content-type')?.includes('javascript')]).toEqual([
          script,
          200,
          true,
        ]);
        await file.body?.cancel();
      }
    }
    expect(await gateway.ask('/openapi.json')).toMatchObject({ status: 200, body: { openapi: '3.1.0' } });
  });

  test('health says what is there', async () => {
    expect(await gateway.ask('/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await gateway.ask('/health/ready')).toMatchObject({
      status: 200,
      body: { checks: { redis: 'ok', database: 'ok' } },
    });
  });

  test('metrics are for this machine, not for what a proxy forwards', async () => {
    const local = await gateway.ask('/metrics');
    expect(local.status).toBe(200);
    expect(String(local.body)).toContain('baton_gateway_http_request_seconds');
    expectProblem(
      await gateway.ask('/metrics', { headers: { 'x-forwarded-for': '127.0.0.1' } }),
      404,
      'request.not_found',
    );
  });
});

test('before the page is built, its address says so', async () => {
  const page = await gateway.ask('/chats/5', { headers: { accept: 'text/html' } });
  expect(page).toMatchObject({ status: 200, body: expect.stringContaining('has not been built') });
  expectProblem(
    await gateway.ask('/chats/5', { headers: { accept: 'application/json' } }),
    404,
    'request.not_found',
  );
});

describe('with the page built, a service down, and a token for metrics', () => {
  let other: GatewayHarness;
  let otherToken: string;

  beforeAll(async () => {
    const webDir = join(gateway.dataDir, 'built');
    mkdirSync(join(webDir, 'assets'), { recursive: true });
    writeFileSync(join(webDir, 'index.html'), '<!doctype html><title>Baton</title>');
    writeFileSync(join(webDir, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(join(webDir, 'assets', 'index-abc123.js'), 'export {};');
    other = await GatewayHarness.start({
      WEB_DIR: webDir,
      CHAT_SERVICE_ADDRESS: '127.0.0.1:9',
      IMAGE_SERVICE_URL: 'http://127.0.0.1:9',
      METRICS_TOKEN: 'a token for the scraper',
      TRUST_PROXY: 'true',
      REGISTRATIONS_PER_HOUR: '3',
      MAX_USERS: '1',
    });
    otherToken = await other.register('someone');
  });
  afterAll(() => other.stop());

  test('hashed files are kept for ever, the page is asked for each time, and any route of the page is the page', async () => {
    const asset = await other.ask('/assets/index-abc123.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-type')).toContain('javascript');
    for (const path of ['/', '/chats/5?x=1', '/index.html']) {
      const page = await other.ask(path, { headers: { accept: 'text/html' } });
      expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<title>Baton') });
      expect(page.headers.get('cache-control')).toBe('no-cache');
    }
    expect((await other.ask('/favicon.svg')).status).toBe(200);
    for (const path of [
      '/assets/gone.js',
      '/missing.png',
      '/..%2f..%2fpackage.json',
      '/assets/../../../etc/passwd',
    ]) {
      expect((await other.ask(path)).status).toBe(404);
    }
  });

  test('a service that is down is a 503 that says it is worth trying again', async () => {
    for (const [method, path] of [
      ['GET', '/api/chats'],
      ['GET', '/api/replies/1/events'],
      ['GET', '/api/images/1/file'],
    ] as const) {
      const answer = await other.ask(path, { method, token: otherToken });
      expectProblem(answer, 503, 'call.unreachable');
      expect(answer.body).toMatchObject({ retry: 'later' });
    }
  });

  test('metrics from elsewhere need the token', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    expect(await other.ask('/metrics', { headers })).toMatchObject({ status: 404 });
    expect(await other.ask('/metrics', { headers, token: 'a token for the scraper' })).toMatchObject({
      status: 200,
    });
    expect(await other.ask('/metrics', { headers, token: 'another' })).toMatchObject({ status: 404 });
  });

  test('the cookie is Secure behind a proxy that ends https', async () => {
    const answer = await other.ask('/api/auth/login', {
      method: 'POST',
      json: { username: 'someone', password: 'a long enough password' },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(answer.headers.getSetCookie().join()).toContain('Secure');
  });

  test('a full house takes no more users, and an address cannot register for ever', async () => {
    const register = (username: string): Promise<Answer> =>
      other.ask('/api/auth/register', { method: 'POST', json: { username, password: 'long enough' } });
    expectProblem(await register('second'), 403, 'user.limit_reached');
    expectProblem(await register('third'), 403, 'user.limit_reached');
    expectProblem(await register('fourth'), 429, 'request.too_many');
  });
});
