import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeNodeClasses } from '@baton/contracts';
import { codeOf } from '@baton/kernel';
import { CallClient, startService, type StartedService } from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import { AppModule } from '../app.module.ts';
import { readConfig } from '../config.ts';

const SECRET = 'a secret of enough length';
const SIMULATOR = join(import.meta.dirname, '..', '..', '..', 'engine-simulator', 'src', 'main.ts');

jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'baton-pm-classes-'));
let comfyui: ChildProcess;
let service: StartedService;
let calls: CallClient;

beforeAll(async () => {
  comfyui = spawn(process.execPath, [SIMULATOR, 'comfyui', '--port', '0', '--data-dir', folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (comfyui.stdout === null) throw new Error('the simulator has no output');
  const [line] = (await once(createInterface({ input: comfyui.stdout }), 'line')) as [string];
  const config = readConfig({
    REDIS_URL: (await startRedis()).url,
    BATON_INTERNAL_SECRET: SECRET,
    BATON_DATA_DIR: folder,
    COMFYUI_URL: (JSON.parse(line) as { listening: string }).listening,
    NVIDIA_SMI: join(folder, 'no-such-program'),
    LOG_LEVEL: 'fatal',
  });
  service = await startService({
    service: 'process-manager',
    module: AppModule.forRoot(config),
    http: { host: '127.0.0.1', port: 0 },
    rpc: { host: '127.0.0.1', port: 0 },
    logLevel: 'fatal',
    internalSecret: SECRET,
  });
  calls = new CallClient({ address: String(service.rpc), secret: SECRET });
});
afterAll(async () => {
  calls.close();
  await service.app.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (...classes: string[]) => (await calls.call(describeNodeClasses, { classes })).classes;

test('what ComfyUI knows is told without a lease while it runs, and nothing when it does not', async () => {
  await eventually(async () => (await ask('KSampler')) !== null);
  const classes = await ask('KSampler', 'No/Such Node', 'SaveImage', 'KSampler');
  expect(Object.keys(classes ?? {}).sort()).toEqual(['KSampler', 'SaveImage']);
  expect(classes?.['SaveImage']).toMatchObject({
    output_node: true,
    input: { required: { filename_prefix: expect.anything() } },
  });
  comfyui.kill('SIGKILL');
  await once(comfyui, 'close');
  await eventually(async () => {
    const found = await ask('KSampler').catch(codeOf);
    expect([null, 'engine.unavailable']).toContain(found);
    return found === null;
  });
});
