import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { pullLogKey, type Pull, type ReplyEvent, type ServerModel } from '@baton/contracts';
import { AppError, codeOf, systemClock, type Clock } from '@baton/kernel';
import { RedisConnections, ReplyLogWriter } from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import type { AnswerPlace } from '../places/answer-place.ts';
import { quietLog } from '../testing/databases.ts';
import { SimulatedOllama } from '../testing/simulated-ollama.ts';
import { pullKeys } from './keys.ts';
import { ModelAdminService } from './model-admin.service.ts';
import type { ModelKeeper } from './model-keeper.ts';
import { ModelKeepers } from './model-keepers.service.ts';
import { PullsService } from './pulls.service.ts';
import { PullsStore } from './pulls.store.ts';

/** Models of an Ollama elsewhere (a simulator's process) and of a GPU node (its process-manager's part is a fake here). */

jest.setTimeout(30_000);

/** Pauses and looks come twenty times as often; time itself is real. */
const hurriedClock: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms / 20, run) };
const SETTINGS = { processManagerUrl: 'http://127.0.0.1:9', contextLength: 4_096, keepAlive: '5m' };

let ollama: SimulatedOllama;
let redisUrl: string;
let services: Service[] = [];

beforeAll(async () => {
  [ollama, { url: redisUrl }] = await Promise.all([SimulatedOllama.start(20), startRedis()]);
});
afterAll(() => ollama.close());
afterEach(async () => {
  for (const service of services) await service.close();
  services = [];
  await ollama.control({ speed: 20, faults: { pullFails: false, pullCut: false } });
});

function installed(model: string): ServerModel {
  return {
    ...{ model, size_bytes: 1, parameter_size: null, quantization: null, context_length: null },
    ...{ capabilities: [], loaded: null, loaded_bytes: null },
  };
}

class Place {
  looks = 0;
  readonly server: string;
  readonly kind: AnswerPlace['kind'];
  readonly models: ServerModel[];
  private readonly url: string | null;

  constructor(server: string, kind: AnswerPlace['kind'], url: string | null, models: string[] = []) {
    this.server = server;
    this.kind = kind;
    this.url = url;
    this.models = models.map(installed);
  }

  view() {
    return { url: this.url, models: this.models };
  }

  look(): Promise<void> {
    this.looks += 1;
    return Promise.resolve();
  }
}

/** The GPU node's: says what it was asked for. */
class NodeKeeper implements ModelKeeper {
  readonly asked: string[] = [];
  failure: AppError | null = null;

  load(model: string) {
    return this.answer(`load ${model}`, { state: 'accepted' as const, freedBytes: null });
  }

  unload(model: string) {
    return this.answer(`unload ${model}`, { state: 'done' as const, freedBytes: 5_000 });
  }

  delete(model: string) {
    return this.answer(`delete ${model}`, { state: 'done' as const, freedBytes: 0 });
  }

  async *pull(model: string): AsyncGenerator<Uint8Array> {
    await this.answer(`pull ${model}`, null);
    yield Buffer.from('{"status":"success"}\n');
  }

  private answer<T>(what: string, answer: T): Promise<T> {
    this.asked.push(what);
    return this.failure === null ? Promise.resolve(answer) : Promise.reject(this.failure);
  }
}

/** This part of chat-service, put together as its module does. */
class Service {
  readonly node = new NodeKeeper();
  readonly places = {
    main: new Place('main', 'gpu', 'http://127.0.0.1:11434', ['phi3:latest']),
    one: new Place('1', 'elsewhere', ollama.url, ['phi3:latest', 'llava:13b']),
    local: new Place('local', 'cpu', null, ['tiny']),
  };
  readonly pulls: PullsService;
  readonly models: ModelAdminService;
  private readonly connections = new RedisConnections(redisUrl, quietLog);
  private readonly writer = this.connections.dedicated('writer');
  private readonly keepers: ModelKeepers;

  constructor() {
    const all = Object.values(this.places) as unknown as AnswerPlace[];
    const places = { all, find: (server: string) => all.find((place) => place.server === server) };
    this.keepers = new ModelKeepers(places, this.node, SETTINGS, hurriedClock);
    this.models = new ModelAdminService(this.keepers, hurriedClock, quietLog);
    const store = new PullsStore(this.connections);
    this.pulls = new PullsService(
      store,
      this.keepers,
      new ReplyLogWriter(this.writer),
      hurriedClock,
      quietLog,
    );
    services.push(this);
  }

  get redis() {
    return this.connections.shared;
  }

  pull(model: string, server = '1'): Promise<Pull> {
    return this.pulls.start({ userId: 1, model, server });
  }

  ended(pullId: string): Promise<Pull> {
    return eventually(async () => {
      const pull = await this.pulls.find(pullId);
      return pull.state === 'running' ? null : pull;
    });
  }

  async events(pullId: string): Promise<ReplyEvent[]> {
    const text = await new ReplyLogWriter(this.writer).read(pullLogKey(pullId));
    const lines = text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as ReplyEvent);
  }

  async close(): Promise<void> {
    await this.pulls.onModuleDestroy();
    await this.keepers.onApplicationShutdown();
    await this.redis.ping();
    const ends = [this.redis, this.writer].map((redis) => once(redis, 'end'));
    await this.connections.onApplicationShutdown();
    await Promise.all(ends);
  }
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

describe('a download', () => {
  test('tells how far it is, then that the model is there, and the list of models is read anew', async () => {
    const service = new Service();
    const pull = await service.pull('huihui_ai/deepseek-r1:8b');
    expect(pull).toMatchObject({ model: 'huihui_ai/deepseek-r1:8b', server: '1', state: 'running' });
    const ended = await service.ended(pull.id);
    expect(ended).toMatchObject({ state: 'done', error_code: null });
    expect(ended.completed_bytes).toBe(ended.total_bytes);
    expect(ended.total_bytes).toBeGreaterThan(1_000_000_000);
    expect(await ollama.installed()).toContain('huihui_ai/deepseek-r1:8b');
    await eventually(() => service.places.one.looks > 0);
    const events = await eventually(async () => {
      const all = await service.events(pull.id);
      return all.at(-1)?.type === 'end' ? all : null;
    });
    expect(events[0]).toMatchObject({ type: 'pull', status: 'pulling manifest' });
    expect(events.at(-1)).toMatchObject({ type: 'end', state: 'done', code: null });
    const bytes = events.flatMap((event) => (event.type === 'pull' ? [event.completed_bytes] : []));
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(await service.pulls.list()).toContainEqual(ended);
  });

  test('that is asked for twice is one, also by another process and in another spelling', async () => {
    await ollama.control({ speed: 1 });
    const [one, other] = [new Service(), new Service()];
    const first = await one.pull('twice:7b');
    expect((await one.pull('twice:7b')).id).toBe(first.id);
    expect((await other.pull('TWICE:7b')).id).toBe(first.id);
    expect((await other.pulls.list()).filter(({ state }) => state === 'running')).toHaveLength(1);
    await ollama.control({ speed: 100 });
    await one.ended(first.id);
    const again = await one.pull('twice:7b');
    expect(again.id).not.toBe(first.id);
    await one.ended(again.id);
  });

  test.each([
    ['missing-model', {}, 'pull.model_unknown'],
    ['full:7b', { pullFails: { afterLines: 4, message: 'no space left on device' } }, 'model.pull_failed'],
  ])('of %s that fails in its stream says why, for people', async (model, faults, code) => {
    await ollama.control({ faults });
    const service = new Service();
    const { id } = await service.pull(model);
    expect(await service.ended(id)).toMatchObject({ state: 'failed', error_code: code });
    const last = await eventually(async () => {
      const event = (await service.events(id)).at(-1);
      return event?.type === 'end' ? event : null;
    });
    expect(last).toMatchObject({ state: 'failed', code, say: new AppError(code as never).spec.say });
  });

  test('whose connection breaks goes on where it was', async () => {
    await ollama.control({ faults: { pullCut: { afterLines: 8, times: 2 } } });
    const service = new Service();
    const { id } = await service.pull('cut:7b');
    expect(await service.ended(id)).toMatchObject({ state: 'done' });
    expect(await ollama.installed()).toContain('cut:7b');
  });

  test('whose connection breaks again and again is given up', async () => {
    await ollama.control({ faults: { pullCut: { afterLines: 1 } } });
    const service = new Service();
    const { id } = await service.pull('hopeless:7b');
    expect(await service.ended(id)).toMatchObject({ state: 'failed', error_code: 'model.pull_failed' });
  });

  test('that is cancelled ends at once, from any process, and nothing is installed', async () => {
    await ollama.control({ speed: 1 });
    const [one, other] = [new Service(), new Service()];
    const { id } = await one.pull('stopped:7b');
    await eventually(async () => (await one.events(id)).length > 0);
    expect(await other.pulls.cancel(id)).toMatchObject({ state: 'cancelled' });
    expect(await other.pulls.cancel(id)).toMatchObject({ state: 'cancelled' });
    await eventually(async () => (await one.events(id)).at(-1)?.type === 'end');
    expect((await one.events(id)).at(-1)).toMatchObject({ state: 'cancelled', code: null });
    expect(await one.redis.hlen(pullKeys.underWay)).toBe(0);
    expect(codeOf(await failureOf(one.pulls.cancel('no such')))).toBe('pull.not_found');
    expect(await ollama.installed()).not.toContain('stopped:7b');
  });

  test('goes on in the next process, in the same log', async () => {
    await ollama.control({ speed: 1 });
    const before = new Service();
    const { id } = await before.pull('restart:7b');
    await eventually(async () => (await before.pulls.find(id)).completed_bytes > 0);
    await before.pulls.onModuleDestroy();
    expect((await before.pulls.find(id)).state).toBe('running');
    await ollama.control({ speed: 50 });
    const after = new Service();
    after.pulls.onApplicationBootstrap();
    expect(await after.ended(id)).toMatchObject({ state: 'done' });
    const events = await eventually(async () => {
      const all = await after.events(id);
      return all.at(-1)?.type === 'end' ? all : null;
    });
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(1);
  });

  test('of a process that was killed is found by another one', async () => {
    const service = new Service();
    const { id } = await service.pull('killed:1b');
    await service.ended(id);
    const stored = { ...(await service.pulls.find(id)), state: 'running' };
    await service.redis.hset(pullKeys.all, id, JSON.stringify({ version: 1, pull: stored, endedAtMs: null }));
    service.pulls.onApplicationBootstrap();
    expect(await service.ended(id)).toMatchObject({ state: 'done' });
  });
});

describe('on a server elsewhere', () => {
  test('a model is loaded, unloaded for real, and deleted', async () => {
    const service = new Service();
    const action = { userId: 1, model: 'llava:13b', server: '1' };
    expect(await service.models.load(action)).toMatchObject({ state: 'done', server: '1' });
    expect(await ollama.loaded()).toEqual(['llava:13b']);
    const unloaded = await service.models.unload(action);
    expect(unloaded).toMatchObject({ state: 'done', say: 'The model is not in memory any more.' });
    expect(unloaded.freed_bytes).toBeGreaterThan(8_000_000_000);
    expect(await ollama.loaded()).toEqual([]);
    await service.models.load(action);
    expect(await service.models.delete(action)).toMatchObject({ state: 'done' });
    expect([await ollama.loaded(), (await ollama.installed()).includes('llava:13b')]).toEqual([[], false]);
    expect(codeOf(await failureOf(service.models.unload(action)))).toBe('model.unknown');
    expect(service.places.one.looks).toBe(5);
  });

  test('an answer under way is not harmed by an unload: the model goes after it', async () => {
    const service = new Service();
    const body = { model: 'phi3', keep_alive: '5m', messages: [{ role: 'user', content: 'Hi' }] };
    await service.models.load({ userId: 1, model: 'phi3', server: '1' });
    await ollama.control({ speed: 2, settings: { minReplyTokens: 60 } });
    const answer = await fetch(`${ollama.url}/api/chat`, { method: 'POST', body: JSON.stringify(body) });
    const unloaded = service.models.unload({ userId: 1, model: 'phi3', server: '1' });
    expect(await answer.text()).toContain('"done":true');
    expect(await unloaded).toMatchObject({ state: 'done' });
    expect(await ollama.loaded()).toEqual([]);
    await ollama.control({ settings: { minReplyTokens: 0 } });
  });
});

describe('which server is meant', () => {
  test('is the named one, else the one that has the model, the GPU node first', async () => {
    const service = new Service();
    await service.models.unload({ userId: 1, model: 'PHI3' });
    await service.models.load({ userId: 1, model: 'new:1b' });
    await service.pulls.start({ userId: 1, model: 'other:1b' });
    await eventually(() => service.node.asked.length === 3);
    expect(service.node.asked).toEqual(['unload PHI3', 'load new:1b', 'pull other:1b']);
    service.places.one.models.push(installed('only-there:1b'));
    const failure = await failureOf(service.models.unload({ userId: 1, model: 'only-there:1b' }));
    expect(codeOf(failure)).toBe('model.unknown');
    expect(service.node.asked).toHaveLength(3);
  });

  test('must be configured, and one whose models are ours to change; a cloud has none of them', async () => {
    const { models } = new Service();
    const unknown = await failureOf(models.load({ userId: 1, model: 'phi3', server: '7' }));
    expect(unknown).toMatchObject({
      code: 'server.unknown',
      issues: [{ path: 'server', message: 'must be one of main, 1, local' }],
    });
    expect(codeOf(await failureOf(models.load({ userId: 1, model: 'tiny', server: 'local' })))).toBe(
      'model.cannot_change',
    );
    expect(codeOf(await failureOf(models.load({ userId: 1, model: 'gpt-oss:120b-cloud' })))).toBe(
      'model.unknown',
    );
  });

  test('and what the node refuses is refused, its list read anew all the same', async () => {
    const service = new Service();
    service.node.failure = new AppError('model.in_use');
    expect(codeOf(await failureOf(service.models.delete({ userId: 1, model: 'phi3' })))).toBe('model.in_use');
    expect(service.places.main.looks).toBe(1);
  });
});
