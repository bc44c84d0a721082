import { expect, test } from '@jest/globals';
import { listEngineModels, type EngineModel } from '@baton/contracts';
import { AppError, FakeClock } from '@baton/kernel';
import { Log, type CallClient } from '@baton/platform';
import { pino } from 'pino';
import { GpuNodeModels } from './gpu-node-models.ts';

function named(name: string): EngineModel {
  return {
    ...{ name, digest: 'd'.repeat(64), size_bytes: 1_000, family: 'llama', parameter_size: '8B' },
    ...{ quantization: 'Q4_K_M', context_length: 8_192, capabilities: ['completion'] },
  };
}

function read(models: EngineModel[] | null) {
  const processManager: Pick<CallClient, 'call'> = {
    call: (contract) => {
      if (models === null || contract.name !== listEngineModels.name) {
        return Promise.reject(new AppError('call.unreachable'));
      }
      const told = { source: 'live', at_ms: 0, simulated: false, models };
      return Promise.resolve(contract.reply.parse(told) as never);
    },
  };
  return new GpuNodeModels(processManager, new FakeClock(), new Log(pino({ level: 'silent' })));
}

test('what is in memory, and how much of it, is told with the models', async () => {
  const node = read([
    { ...named('phi3:latest'), loaded_bytes: 4_000.4 },
    { ...named('qwen3:8b'), loaded_bytes: null },
    named('llama3:latest'),
  ]);
  await node.read();
  expect(node.current.models.map(({ loaded, loaded_bytes }) => [loaded, loaded_bytes])).toEqual([
    [true, 4_000],
    [false, null],
    [null, null],
  ]);
});

test('a process-manager that is away leaves what is known, and says that the node is down', async () => {
  const node = read(null);
  await node.read();
  expect(node.current).toMatchObject({ state: 'down', errorCode: 'call.unreachable', isListCertain: false });
});
