import { expect, test } from '@jest/globals';
import { listEngineModels } from '@baton/contracts';
import { FakeGpu } from '@baton/gpu-lease/testing';
import { AppError, FakeClock } from '@baton/kernel';
import { Log, Metrics, type CallClient } from '@baton/platform';
import { pino } from 'pino';
import { OllamaDriver } from '../engines/ollama.driver.ts';
import { GpuNodeModels } from '../places/gpu-node-models.ts';
import { GpuPlace } from '../places/gpu-place.ts';
import { PlacesService } from '../places/places.service.ts';
import { ModelsService } from './models.service.ts';
import { ServersService } from './servers.service.ts';

const MAIN_URL = 'http://gpu-box:11434';

/** A GPU node with one model, whose Ollama is also meant for reasoning, and a server elsewhere that nobody has seen yet. */
async function setUp(): Promise<ServersService> {
  const model = {
    ...{ name: 'deepseek-r1:8b', digest: 'd', size_bytes: 1, family: 'f', parameter_size: '8B' },
    ...{ quantization: 'Q4', context_length: null, capabilities: ['completion', 'thinking'] },
  };
  const processManager: Pick<CallClient, 'call'> = {
    call: (contract) =>
      contract.name === listEngineModels.name
        ? Promise.resolve(
            contract.reply.parse({ source: 'live', at_ms: 0, simulated: true, models: [model] }) as never,
          )
        : Promise.reject(new AppError('call.unreachable')),
  };
  const settings = {
    defaultModel: 'deepseek-r1:8b',
    mainUrl: MAIN_URL,
    mainMaxConcurrent: 2,
    mainProfiles: [{ model: 'deepseek-r1:8b', capabilities: ['general', 'reasoning'] as const }],
    instances: [
      {
        server: '1',
        url: 'http://10.0.0.9:11434',
        maxConcurrent: 1,
        profiles: [{ model: 'qwen3-coder:30b', capabilities: ['coding'] as const }],
      },
    ],
  };
  const clock = new FakeClock();
  const log = new Log(pino({ level: 'silent' }));
  const node = new GpuNodeModels(processManager, clock, log);
  await node.read();
  const gpu = new GpuPlace(new FakeGpu(''), new OllamaDriver(clock), node, settings, clock);
  const places = new PlacesService(gpu, node, settings, clock, log, new Metrics('test'), null);
  return new ServersService(places, new ModelsService(places, settings), settings);
}

test('where the servers are is told to administrators only', async () => {
  const servers = await setUp();
  expect(servers.list(true).map(({ id, url, state }) => [id, url, state])).toEqual([
    ['main', MAIN_URL, 'up'],
    ['1', 'http://10.0.0.9:11434', 'checking'],
  ]);
  expect(JSON.stringify(servers.list(false))).not.toMatch(/gpu-box|10\.0\.0\.9/);
});

test('an address is compared with the configured ones, in any spelling', async () => {
  const servers = await setUp();
  const main = await servers.read({ server_url: 'http://gpu-box:11434/v1/' }, false);
  expect(main).toMatchObject({ id: 'main', url: null, models: [{ model: 'deepseek-r1:8b' }] });
  await expect(servers.read({ server: 'main' }, true)).resolves.toMatchObject({ url: MAIN_URL });
});

test.each([
  ['server_url', { server_url: 'http://169.254.169.254/latest' }],
  ['server_url', { server_url: 'no address' }],
  ['server', { server: '7' }],
])('what is not configured is refused by its field (%s)', async (path, query) => {
  const servers = await setUp();
  await expect(servers.read(query, true)).rejects.toMatchObject({
    code: 'server.unknown',
    issues: [{ path, message: 'the servers are: main, 1' }],
  });
});

test('each kind of work has its model, and says where another stands in', async () => {
  const { models, tasks, pair } = (await setUp()).tasks();
  expect(models).toEqual([
    {
      ...{ model: 'qwen3-coder:30b', server: '1', capabilities: ['coding'], max_concurrent: 1 },
      available: true,
    },
    {
      ...{ model: 'deepseek-r1:8b', server: 'main', capabilities: ['general', 'reasoning'] },
      ...{ max_concurrent: 2, available: true },
    },
  ]);
  expect(tasks).toContainEqual({ task_type: 'code_generation', model: 'qwen3-coder:30b', fallback: false });
  expect(tasks).toContainEqual({ task_type: 'reasoning', model: 'deepseek-r1:8b', fallback: false });
  expect(pair).toEqual({ planning: 'deepseek-r1:8b', generation: 'qwen3-coder:30b' });
});
