import { describe, expect, test } from '@jest/globals';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError, FakeClock } from '@baton/kernel';
import { Log, Metrics, type CallClient } from '@baton/platform';
import { listEngineModels, type EngineModel } from '@baton/contracts';
import { pino } from 'pino';
import { OllamaDriver } from '../engines/ollama.driver.ts';
import { GpuNodeModels } from '../places/gpu-node-models.ts';
import { GpuPlace } from '../places/gpu-place.ts';
import { PlacesService } from '../places/places.service.ts';
import { ModelsService } from './models.service.ts';

function installed(name: string, capabilities: readonly string[] = ['completion']): EngineModel {
  return {
    name,
    digest: 'd',
    size_bytes: 1_000,
    family: 'f',
    parameter_size: '',
    quantization: 'Q4',
    context_length: null,
    capabilities: [...capabilities],
  };
}

/** What the process-manager answers can be changed while it is being asked. */
class ProcessManager {
  asked = 0;
  models: EngineModel[] | null = [];
  source: 'live' | 'last_known' = 'live';

  readonly call: CallClient['call'] = (contract) => {
    if (contract.name !== listEngineModels.name) return Promise.reject(new AppError('call.unreachable'));
    this.asked += 1;
    if (this.models === null) return Promise.reject(new AppError('call.unreachable'));
    const answer = { source: this.source, at_ms: 0, simulated: true, models: this.models };
    return Promise.resolve(contract.reply.parse(answer) as never);
  };
}

function setUp(...installedModels: EngineModel[]) {
  const processManager = new ProcessManager();
  processManager.models = installedModels;
  const clock = new FakeClock();
  const log = new Log(pino({ level: 'silent' }));
  const settings = {
    defaultModel: 'GPT-oss',
    mainUrl: 'http://127.0.0.1:11434',
    mainMaxConcurrent: 1,
    mainProfiles: [],
    instances: [],
  };
  const node = new GpuNodeModels(processManager, clock, log);
  const gpu = new GpuPlace(new FakeGpu(''), new OllamaDriver(clock), node, settings, clock);
  const places = new PlacesService(gpu, node, settings, clock, log, new Metrics('test'), null);
  return { processManager, clock, models: new ModelsService(places, settings) };
}

describe('the list of models', () => {
  test('leaves out what cannot answer, and what would answer from elsewhere', async () => {
    const { models } = setUp(
      installed('llama3:latest'),
      installed('nomic-embed-text:latest', ['embedding']),
      installed('gpt-oss:120b-cloud'),
      installed('old:7b', []),
    );
    const { models: list } = await models.list();
    expect(list.map(({ model }) => model)).toEqual(['llama3:latest', 'old:7b']);
  });

  test('marks the configured default, and the first installed model where that is missing', async () => {
    const withIt = await setUp(installed('llama3:latest'), installed('gpt-oss:latest')).models.list();
    expect(withIt.default_model).toBe('gpt-oss:latest');
    expect(withIt.models.map(({ is_default }) => is_default)).toEqual([false, true]);
    const without = await setUp(installed('llama3:latest')).models.list();
    expect(without.default_model).toBe('llama3:latest');
  });

  test('is the last one known while the process-manager is away, and an error when there was none', async () => {
    const { models, processManager } = setUp(installed('llama3:latest'));
    const list = await models.list();
    processManager.models = null;
    await expect(models.list()).resolves.toEqual(list);
    const never = setUp();
    never.processManager.models = null;
    await expect(never.models.list()).rejects.toMatchObject({ code: 'call.unreachable' });
  });
});

describe('a model that is asked for', () => {
  test.each(['llama3', 'LLAMA3', 'llama3:latest'])('by %s is the installed one', async (name) => {
    const { models } = setUp(installed('llama3:latest'));
    await models.refresh();
    expect(models.accept(name)).toBe('llama3:latest');
  });

  test.each([null, ''])('and is not named (%j) is refused with the choice', async (name) => {
    const { models } = setUp(installed('llama3:latest'));
    await models.refresh();
    expect(() => models.accept(name)).toThrow(
      expect.objectContaining({
        code: 'chat.model_required',
        issues: [{ path: 'model', message: 'choose one of: llama3:latest' }],
      }),
    );
  });

  test('is taken as it is while nobody knows what is installed', async () => {
    const { models, processManager } = setUp();
    processManager.source = 'last_known';
    expect(models.accept('anything')).toBe('anything');
    await models.refresh();
    expect(models.accept('anything')).toBe('anything');
    processManager.source = 'live';
    await models.refresh();
    expect(() => models.accept('anything')).toThrow(
      expect.objectContaining({ code: 'model.none_installed' }),
    );
    processManager.models = [installed('llama3:latest')];
    await models.refresh();
    expect(() => models.accept('anything')).toThrow(expect.objectContaining({ code: 'model.unknown' }));
  });

  test('is answered without waiting, and an old list is read again behind the back', async () => {
    const { models, processManager, clock } = setUp(installed('llama3:latest'));
    await models.refresh();
    models.accept('llama3');
    expect(processManager.asked).toBe(1);
    await clock.advance(10_001);
    models.accept('llama3');
    models.accept('llama3');
    expect(processManager.asked).toBe(2);
  });
});
