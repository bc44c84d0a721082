import { expect, test } from '@jest/globals';
import { AppError, FakeClock } from '@baton/kernel';
import { Log } from '@baton/platform';
import { pino } from 'pino';
import type { InstalledModel, LoadedModel, OllamaApi } from '../engines/ollama-api.ts';
import { InstanceHealth } from './instance-health.ts';

const LOOK_MS = 10_000;

/** An Ollama whose answers can be changed; what it does not answer hangs until it is told to. */
class FakeApi implements Pick<OllamaApi, 'installed' | 'loaded' | 'capabilities'> {
  asked = 0;
  failure: AppError | null = null;
  models: InstalledModel[] = [];
  inMemory: LoadedModel[] | null = [];
  shown = 0;

  installed(): Promise<InstalledModel[]> {
    this.asked += 1;
    return this.failure === null ? Promise.resolve(this.models) : Promise.reject(this.failure);
  }
  loaded(): Promise<LoadedModel[]> {
    return this.inMemory === null
      ? Promise.reject(new AppError('engine.stalled'))
      : Promise.resolve(this.inMemory);
  }
  capabilities(): Promise<readonly string[]> {
    this.shown += 1;
    return Promise.resolve(['completion', 'vision']);
  }
}

function model(name: string, over: Partial<InstalledModel> = {}): InstalledModel {
  return {
    ...{ name, digest: `digest of ${name}`, sizeBytes: 1, parameterSize: null, quantization: null },
    ...{ contextLength: null, capabilities: ['completion'] },
    ...over,
  };
}

function setUp() {
  const api = new FakeApi();
  const clock = new FakeClock();
  const log = new Log(pino({ level: 'silent' }));
  const health = new InstanceHealth({ server: '1', api, clock, log });
  return { api, clock, health };
}

test('a server is being checked until the first look is over, and is looked at again and again', async () => {
  const { api, clock, health } = setUp();
  api.models = [model('phi3:latest')];
  api.inMemory = [{ name: 'phi3:latest', digest: '', bytes: 7 }];
  expect(health.current).toMatchObject({ state: 'checking', isListCertain: false });
  health.start();
  await clock.advance(0);
  expect(health.current).toMatchObject({
    state: 'up',
    models: [{ model: 'phi3:latest', loaded: true, loaded_bytes: 7 }],
  });
  await clock.advance(LOOK_MS);
  await clock.advance(LOOK_MS);
  expect(api.asked).toBe(3);
  health.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('one silence is no end: a second one soon after is, and the models stay known', async () => {
  const { api, clock, health } = setUp();
  api.models = [model('phi3:latest')];
  health.start();
  await clock.advance(0);
  api.failure = new AppError('engine.stalled');
  await clock.advance(LOOK_MS);
  expect(health.current).toMatchObject({ state: 'up', errorCode: 'engine.stalled' });
  await clock.advance(1_000);
  expect(health.current).toMatchObject({ state: 'down', models: [{ model: 'phi3:latest' }] });
  api.failure = null;
  await clock.advance(LOOK_MS);
  expect(health.current).toMatchObject({ state: 'up', errorCode: null });
  health.stop();
});

test('a server that never answered is down at once', async () => {
  const { api, health } = setUp();
  api.failure = new AppError('engine.unavailable');
  await health.look();
  expect(health.current).toMatchObject({ state: 'down', errorCode: 'engine.unavailable', models: [] });
});

test('whoever asks while it is being looked at shares that look', async () => {
  const { api, health } = setUp();
  await Promise.all([health.look(), health.look(), health.look()]);
  expect(api.asked).toBe(1);
});

test('a `ps` that stands still makes nobody unwell: what is loaded is then not known', async () => {
  const { api, health } = setUp();
  api.models = [model('phi3:latest')];
  api.inMemory = null;
  await health.look();
  expect(health.current).toMatchObject({ state: 'up', models: [{ loaded: null }] });
});

test('an old server is asked once for each model what it can do', async () => {
  const { api, health } = setUp();
  api.models = [model('llava:13b', { capabilities: null })];
  await health.look();
  await health.look();
  expect(health.current.models[0]?.capabilities).toEqual(['completion', 'vision']);
  expect(api.shown).toBe(1);
});

test('two names of the same weights are loaded together', async () => {
  const { api, health } = setUp();
  api.models = [model('a:latest', { digest: 'same' }), model('b:latest', { digest: 'same' })];
  api.inMemory = [{ name: 'a:latest', digest: 'same', bytes: 7 }];
  await health.look();
  expect(health.current.models.map(({ loaded }) => loaded)).toEqual([true, true]);
});
