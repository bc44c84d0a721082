import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openConsole } from './console.ts';
import type { Console } from './console.ts';
import { openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { ENGINE_IDS, chooseEngine, describeEngine } from './engines.ts';
import type { EngineChoice, EngineId } from './engines.ts';
import { DEFAULT_GATEWAY_PORT, HELP, UsageError, readOptions } from './options.ts';
import type { LauncherOptions } from './options.ts';
import { choosePort, innerPorts, requirePort } from './ports.ts';
import type { ChosenPort } from './ports.ts';
import type { Addresses } from './services.ts';
import { Stack } from './stack.ts';
import { StartError } from './start-error.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROCESS_MANAGER_PORT = 8_888;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at the first signal, or when a parent that holds an IPC channel is gone. Later ones change nothing: the stop under way has deadlines of its own. */
function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.on(signal, resolve);
    if (process.connected) process.once('disconnect', () => resolve('SIGHUP'));
  });
}

async function chooseAddresses(options: LauncherOptions, say: Console['say']): Promise<Addresses> {
  const gateway = await (options.port === null
    ? choosePort(DEFAULT_GATEWAY_PORT, options.host)
    : requirePort(options.port, options.host));
  const manager = await (options.managerPort === null
    ? choosePort(PROCESS_MANAGER_PORT, '127.0.0.1')
    : requirePort(options.managerPort, '127.0.0.1'));
  sayMoved('gateway', gateway, say);
  sayMoved('process-manager', manager, say);
  const [
    managerRpc = 0,
    schedulerHttp = 0,
    schedulerRpc = 0,
    chatHttp = 0,
    chatRpc = 0,
    imageHttp = 0,
    imageRpc = 0,
  ] = await innerPorts(7);
  const inner = (httpPort: number, rpcPort: number) => ({ host: '127.0.0.1', httpPort, rpcPort });
  return {
    'process-manager': inner(manager.port, managerRpc),
    'gpu-scheduler': inner(schedulerHttp, schedulerRpc),
    'chat-service': inner(chatHttp, chatRpc),
    'image-service': inner(imageHttp, imageRpc),
    gateway: { host: options.host, httpPort: gateway.port, rpcPort: null },
  };
}

function sayMoved(service: string, { port, instead }: ChosenPort, say: Console['say']): void {
  if (instead !== null) say(`Port ${instead} is taken; ${service} uses ${port}.`);
}

async function chooseEngines(mode: LauncherOptions['mode']): Promise<Record<EngineId, EngineChoice>> {
  const choose = (engine: EngineId): Promise<EngineChoice> =>
    chooseEngine(engine, { mode, env: process.env });
  const [ollama, comfyui] = await Promise.all([choose('ollama'), choose('comfyui')]);
  return { ollama, comfyui };
}

/** Brings everything up. Resolves with what there is to tell about it. */
async function start(
  stack: Stack,
  folder: DataFolder,
  options: LauncherOptions,
  { say }: Console,
): Promise<string> {
  const startedAt = Date.now();
  const engines = await chooseEngines(options.mode);
  const isSimulating = ENGINE_IDS.some((engine) => engines[engine].kind === 'simulated');
  const ownRedis = process.env['REDIS_URL'];
  const [redisUrl, cardUrl] = await Promise.all([
    ownRedis ? ownRedis : stack.startRedis(folder.redis),
    isSimulating ? stack.startCard(ROOT) : null,
  ]);
  say('Starting the services.');
  const settings = {
    root: ROOT,
    dataDir: folder.path,
    redisUrl,
    secrets: { ...folder.secrets },
    engines,
    cardUrl,
  };
  const addresses = await stack.startServicesAt(() => chooseAddresses(options, say), settings, process.env);

  const { host, httpPort } = addresses.gateway;
  const url = `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${httpPort}`;
  const publish = (): void => folder.publish({ url, redisUrl, cardUrl, services: stack.services(addresses) });
  publish();
  stack.onRestart(publish);
  return [
    '',
    `Baton is ready (${((Date.now() - startedAt) / 1_000).toFixed(1)} s):   ${url}`,
    `  API         ${url}/docs   ${url}/redoc   ${url}/openapi.json`,
    ...ENGINE_IDS.map(
      (engine, index) =>
        `  ${index === 0 ? 'engines ' : '        '}    ${describeEngine(engine, engines[engine])}`,
    ),
    '  admin       the first person who registers',
    `  redis       ${ownRedis ? 'the one in REDIS_URL' : `a private one, data in ${folder.redis}`}`,
    `  database    ${process.env['DB_USE_MYSQL'] === 'true' ? 'MySQL or MariaDB, as set in DB_*' : `SQLite files in ${join(folder.path, 'data')}`}`,
    `  logs        ${folder.logs}`,
    '  stop        Ctrl-C',
    '',
  ].join('\n');
}

/** Resolves with the exit code, when nothing that was started runs any more. */
async function run(options: LauncherOptions): Promise<number> {
  const signal = untilSignal();
  const folder = openDataFolder(options.dataDir);
  const console = openConsole(folder.logs, options.verbosity);
  const stack = new Stack(console);
  try {
    const begun = start(stack, folder, options, console).then((summary) => console.say(summary));
    const early = await Promise.race([begun, signal]);
    const end =
      early ?? (await Promise.race([signal, stack.failed.then((reason) => new StartError(reason))]));
    // What is still starting fails when its processes are stopped; that is no news then.
    begun.catch(() => undefined);
    if (end instanceof StartError) throw end;
    console.say(`Stopping everything (${end}).`);
    return 0;
  } catch (error) {
    console.say(error instanceof StartError ? error.message : `Baton cannot start: ${String(error)}`);
    return 1;
  } finally {
    await stack.stop();
    console.say('Everything has stopped.');
    console.close();
    folder.release();
  }
}

async function main(): Promise<number> {
  const env = join(ROOT, '.env');
  if (existsSync(env)) process.loadEnvFile(env);
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (options === 'help') {
      process.stdout.write(HELP);
      return 0;
    }
    return await run(options);
  } catch (error) {
    if (error instanceof UsageError || error instanceof StartError) {
      process.stderr.write(`${error.message}\n`);
      return error instanceof UsageError ? 2 : 1;
    }
    throw error;
  }
}

// A terminal that closed takes its output away; that must not get in the way of an orderly stop.
process.stdout.on('error', () => undefined);
// Not exitCode: a start that was interrupted half-way may still hold something open.
process.exit(await main());
