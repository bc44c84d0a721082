import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  cancelPull,
  createExperiment,
  deleteModel,
  endExperiment,
  listExperiments,
  listPulls,
  listServers,
  loadModel,
  pullLogKey,
  readServerModels,
  startPull,
  unloadModel,
  type Experiment,
  type ModelAction,
  type ModelServer,
  type Pull,
} from '@baton/contracts';
import { ReplyLogReader, ReplyLogWriter } from '@baton/platform';
import { eventually } from '@baton/testing';
import { Redis } from 'ioredis';
import { EventStreams } from '../sse/event-streams.service.ts';
import { EventReader } from '../testing/event-reader.ts';
import { GatewayHarness } from '../testing/gateway-harness.ts';

const ID = '0198a7c2-95a1-7f3c-8a55-0a1b2c3d4e5f';

let gateway: GatewayHarness;
let redis: Redis;
let writer: ReplyLogWriter;
/** The first who registers is the administrator. */
let admin: string;
let user: string;

beforeAll(async () => {
  gateway = await GatewayHarness.start({ REQUESTS_PER_MINUTE: '5000' });
  admin = await gateway.register('boss');
  user = await gateway.register('anna');
  redis = new Redis(gateway.redisUrl, { maxRetriesPerRequest: null });
  writer = new ReplyLogWriter(redis);
});
afterAll(async () => {
  redis.disconnect();
  await gateway.stop();
});
afterEach(async () => {
  await eventually(() => gateway.app.get(EventStreams).openCount === 0);
  await eventually(() => gateway.app.get(ReplyLogReader).followerCount === 0);
  gateway.fake.reset();
});

const SERVER: ModelServer = {
  id: 'main',
  place: 'gpu',
  url: null,
  state: 'up',
  breaker: 'closed',
  checked_at: null,
  error_code: null,
  simulated: true,
  capabilities: [],
  default_model: null,
  max_concurrent: 1,
  running: 0,
  waiting: 0,
  models: [],
};

const EXPERIMENT: Experiment = {
  id: 3,
  name: 'qwen or llama',
  model: 'llama3:8b',
  variant: 'qwen3:8b',
  share: 50,
  state: 'running',
  sides: [],
  created_at: '2026-11-21T10:00:00.000Z',
  ended_at: null,
};

function pullOf(changes: Partial<Pull> = {}): Pull {
  return {
    id: ID,
    model: 'qwen3:8b',
    server: 'main',
    state: 'running',
    status: 'downloading',
    completed_bytes: 5,
    total_bytes: 10,
    error_code: null,
    started_at: '2026-11-21T10:00:00.000Z',
    ...changes,
  };
}

const done = (model: string): ModelAction => ({
  model,
  server: 'main',
  state: 'done',
  freed_bytes: 5,
  took_ms: 3,
  say: 'Done.',
});

async function stream(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; reader: EventReader }> {
  const response = await fetch(`${gateway.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${admin}`, ...(init.headers as Record<string, string>) },
  });
  return { status: response.status, reader: new EventReader(response) };
}

describe('model servers', () => {
  test('are shown to everybody, and their addresses asked for by administrators only', async () => {
    gateway.fake.on(listServers, ({ isAdmin }) => ({
      servers: [{ ...SERVER, url: isAdmin ? 'http://10.0.0.1:11434' : null }],
    }));
    const seen = (token: string) => gateway.ask('/api/models/servers', { token });
    expect((await seen(user)).body).toMatchObject({ servers: [{ id: 'main', url: null }] });
    expect((await seen(admin)).body).toMatchObject({ servers: [{ url: 'http://10.0.0.1:11434' }] });
  });

  test('are named by id or by address, by one of the two', async () => {
    gateway.fake.on(readServerModels, () => SERVER);
    const path = '/api/models/server/models';
    const url = encodeURIComponent('http://10.39.0.101:11434/v1');
    expect((await gateway.ask(`${path}?server_url=${url}`, { token: user })).status).toBe(200);
    expect((await gateway.ask(`${path}?server=main`, { token: user })).status).toBe(200);
    expect(gateway.fake.asked.map(({ request }) => request)).toEqual([
      { isAdmin: false, query: { server_url: 'http://10.39.0.101:11434/v1' } },
      { isAdmin: false, query: { server: 'main' } },
    ]);
    for (const query of ['', '?server=main&server_url=http://x', '?server=../etc', '?server=elsewhere']) {
      const answer = await gateway.ask(`${path}${query}`, { token: user });
      expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    }
    gateway.fake.refuse(readServerModels, 'server.unknown');
    const foreign = await gateway.ask(`${path}?server_url=http://169.254.169.254/`, { token: user });
    expect(foreign).toMatchObject({ status: 422, body: { code: 'server.unknown' } });
  });
});

describe('models by hand', () => {
  test.each([
    ['POST', 'load', loadModel],
    ['POST', 'unload', unloadModel],
    ['POST', 'unload-from-gpu', unloadModel],
    ['DELETE', '', deleteModel],
  ] as const)('%s …/%s takes a name with a slash as it is', async (method, deed, contract) => {
    const model = 'huihui_ai/deepseek-r1-abliterated:8b';
    gateway.fake.on(contract, (request) => done(request.model));
    const path = `/api/models/${encodeURIComponent(model)}${deed === '' ? '' : `/${deed}`}?server=2`;
    const answer = await gateway.ask(path, { method, token: admin });
    expect(answer).toMatchObject({ status: 200, body: { model, state: 'done' } });
    expect(gateway.fake.asked).toEqual([{ call: contract.name, request: { userId: 1, model, server: '2' } }]);
  });

  test('are for administrators: nothing is asked for anybody else', async () => {
    const routes: readonly [string, string, object?][] = [
      ['POST', '/api/models/phi3/load'],
      ['POST', '/api/models/phi3/unload'],
      ['POST', '/api/models/phi3/unload-from-gpu'],
      ['DELETE', '/api/models/phi3'],
      ['POST', '/api/models/pull', { model: 'phi3' }],
      ['GET', '/api/models/pulls'],
      ['GET', `/api/models/pulls/${ID}/events`],
      ['POST', `/api/models/pulls/${ID}/cancel`],
      ['GET', '/api/experiments'],
      ['POST', '/api/experiments', { name: 'x', model: 'a', variant: 'b' }],
      ['POST', '/api/experiments/1/end'],
    ];
    for (const [method, path, json] of routes) {
      const answer = await gateway.ask(path, { method, token: user, json });
      expect(answer).toMatchObject({ status: 403, body: { code: 'auth.forbidden' } });
    }
    expect(gateway.fake.asked).toEqual([]);
  });

  test('of a server that is none are refused with the field', async () => {
    const answer = await gateway.ask('/api/models/phi3/unload?server=http://x', {
      method: 'POST',
      token: admin,
    });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'server' }] } });
  });
});

describe('a download', () => {
  test('is begun with a 201, listed, and ended', async () => {
    gateway.fake.on(startPull, ({ body }) => pullOf({ model: body.model }));
    gateway.fake.on(listPulls, () => ({ pulls: [pullOf()] }));
    gateway.fake.on(cancelPull, ({ pullId }) => pullOf({ id: pullId, state: 'cancelled' }));
    const begun = await gateway.ask('/api/models/pull', {
      method: 'POST',
      token: admin,
      json: { model: ' hf.co/team/model:q4 ' },
    });
    expect(begun).toMatchObject({ status: 201, body: { id: ID, model: 'hf.co/team/model:q4' } });
    expect((await gateway.ask('/api/models/pulls', { token: admin })).body).toEqual({ pulls: [pullOf()] });
    const cancelled = await gateway.ask(`/api/models/pulls/${ID}/cancel`, { method: 'POST', token: admin });
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled' } });
    const wrong = await gateway.ask('/api/models/pulls/12/cancel', { method: 'POST', token: admin });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ field: 'id' }] } });
  });

  test('is followed from where a reader was, to its end', async () => {
    gateway.fake.on(listPulls, () => ({ pulls: [pullOf()] }));
    const log = writer.open(pullLogKey(ID));
    const tell = (completed_bytes: number) =>
      log.append({ type: 'pull', status: 'downloading', completed_bytes, total_bytes: 10 });
    tell(1);
    await log.flush();
    const { offset } = log;
    const { reader } = await stream(`/api/models/pulls/${ID}/events`, {
      headers: { 'last-event-id': String(offset) },
    });
    tell(10);
    log.append({ type: 'end', state: 'done', code: null, say: null, timeline: [], usage: null });
    await log.close();
    const events = await reader.rest();
    expect(events.map(({ event }) => event)).toEqual(['pull', 'end']);
    expect(events[0]).toMatchObject({ data: { completed_bytes: 10, total_bytes: 10 } });
    await redis.flushall();
  });

  test('is told whole to whoever comes when its log is gone; an unknown one is a 404', async () => {
    const failed = pullOf({ state: 'failed', error_code: 'pull.model_unknown' });
    gateway.fake.on(listPulls, () => ({ pulls: [failed] }));
    const { reader } = await stream(`/api/models/pulls/${ID}/events`);
    expect((await reader.rest()).map(({ data }) => data)).toMatchObject([
      { type: 'pull', completed_bytes: 5 },
      { type: 'end', state: 'failed', code: 'pull.model_unknown', say: expect.stringContaining('no model') },
    ]);
    const other = await gateway.ask(`/api/models/pulls/${ID.replace('0', '1')}/events`, { token: admin });
    expect(other).toMatchObject({ status: 404, body: { code: 'pull.not_found' } });
  });

  test('can be begun and followed in one request', async () => {
    gateway.fake.on(startPull, () => pullOf());
    const { status, reader } = await stream('/api/models/pull', {
      method: 'POST',
      body: JSON.stringify({ model: 'qwen3:8b' }),
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    });
    expect(status).toBe(201);
    expect(await reader.next()).toMatchObject({ event: 'started', data: { id: ID } });
    const log = writer.open(pullLogKey(ID));
    log.append({ type: 'end', state: 'cancelled', code: null, say: null, timeline: [], usage: null });
    await log.close();
    expect((await reader.rest()).map(({ event }) => event)).toEqual(['end']);
  });
});

describe('comparisons', () => {
  test('are begun, listed and ended', async () => {
    gateway.fake.on(createExperiment, ({ body }) => ({ ...EXPERIMENT, ...body }));
    gateway.fake.on(listExperiments, () => ({ experiments: [EXPERIMENT] }));
    gateway.fake.on(endExperiment, ({ experimentId }) => ({
      ...EXPERIMENT,
      id: experimentId,
      state: 'ended' as const,
    }));
    const json = { name: 'mine', model: 'llama3:8b', variant: 'qwen3:8b' };
    const created = await gateway.ask('/api/experiments', { method: 'POST', token: admin, json });
    expect(created).toMatchObject({ status: 201, body: { name: 'mine', share: 50 } });
    expect((await gateway.ask('/api/experiments', { token: admin })).body).toMatchObject({
      experiments: [{ id: 3 }],
    });
    const ended = await gateway.ask('/api/experiments/3/end', { method: 'POST', token: admin });
    expect(ended).toMatchObject({ status: 200, body: { id: 3, state: 'ended' } });
  });

  test('between a model and itself are none', async () => {
    const json = { name: 'mine', model: 'a', variant: 'a' };
    const answer = await gateway.ask('/api/experiments', { method: 'POST', token: admin, json });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'variant' }] } });
  });
});
