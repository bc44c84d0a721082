import { join } from 'node:path';
import type { EngineChoice, EngineId } from './engines.ts';
import { ENGINE_IDS } from './engines.ts';

/** In the order in which they are told about; they stop from the last wave to the first. */
export const SERVICES = [
  'process-manager',
  'gpu-scheduler',
  'chat-service',
  'image-service',
  'gateway',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Who goes last when everything stops: each wave needs the ones before it until its own end. */
export const WAVES: readonly (readonly ServiceName[])[] = [
  ['process-manager'],
  ['gpu-scheduler'],
  ['chat-service', 'image-service'],
  ['gateway'],
];

export interface Listening {
  readonly host: string;
  readonly httpPort: number;
  /** Null for the gateway, which answers no calls. */
  readonly rpcPort: number | null;
}

export type Addresses = Readonly<Record<ServiceName, Listening>>;

export interface StackSettings {
  readonly root: string;
  readonly dataDir: string;
  readonly redisUrl: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly addresses: Addresses;
  readonly engines: Readonly<Record<EngineId, EngineChoice>>;
  /** Address of the simulated card; null when no engine is simulated. */
  readonly cardUrl: string | null;
}

/** Path of a service's program. */
export function programOf(root: string, service: ServiceName): string {
  return join(root, 'apps', service, 'dist', 'main.js');
}

/**
 * For glibc: each of the threads that decode pictures would otherwise keep a heap of its own, and the memory of the service
 * grows with every round of large pictures.
 */
const FEW_ARENAS = { MALLOC_ARENA_MAX: '2' } as const;

/** The whole environment of one service: the person's own settings, and over them what only the launcher knows. */
export function serviceEnvironment(
  service: ServiceName,
  stack: StackSettings,
  base: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const own = stack.addresses[service];
  return {
    NODE_ENV: 'production',
    // Node keeps what it compiled of thousands of modules; a second start is markedly quicker.
    NODE_COMPILE_CACHE: join(stack.root, 'node_modules', '.cache', 'baton', 'compiled'),
    ...(service === 'image-service' ? FEW_ARENAS : {}),
    ...base,
    ...(service === 'gateway' ? stack.secrets : withoutSigningKey(stack.secrets)),
    ...(base['JWT_SECRET'] ? { JWT_SECRET: service === 'gateway' ? base['JWT_SECRET'] : '' } : {}),
    ...(base['BATON_INTERNAL_SECRET'] ? { BATON_INTERNAL_SECRET: base['BATON_INTERNAL_SECRET'] } : {}),
    BATON_DATA_DIR: stack.dataDir,
    REDIS_URL: stack.redisUrl,
    HTTP_HOST: own.host,
    HTTP_PORT: String(own.httpPort),
    ...(own.rpcPort === null ? {} : { RPC_HOST: own.host, RPC_PORT: String(own.rpcPort) }),
    ...peerAddresses(service, stack.addresses),
    ...simulatedFlags(stack),
    ...(service === 'process-manager' ? engineEnvironment(stack) : {}),
    ...(service === 'chat-service' ? addressOfMain(stack) : {}),
    // The service ends when the channel to this process closes, whatever the reason.
    BATON_PARENT_IPC: '1',
  };
}

function peerAddresses(service: ServiceName, addresses: Addresses): Record<string, string> {
  const http = (peer: ServiceName): string => `http://127.0.0.1:${addresses[peer].httpPort}`;
  const rpc = (peer: ServiceName): string => `127.0.0.1:${addresses[peer].rpcPort ?? 0}`;
  return {
    PROCESS_MANAGER_ADDRESS: rpc('process-manager'),
    // To the process-manager itself this names an external one, if there is such: the person's own setting.
    ...(service === 'process-manager' ? {} : { PROCESS_MANAGER_API_URL: http('process-manager') }),
    GPU_SCHEDULER_ADDRESS: rpc('gpu-scheduler'),
    CHAT_SERVICE_ADDRESS: rpc('chat-service'),
    IMAGE_SERVICE_ADDRESS: rpc('image-service'),
    IMAGE_SERVICE_URL: http('image-service'),
  };
}

/** Only the gateway signs tokens; nobody else needs the key. */
function withoutSigningKey(secrets: StackSettings['secrets']): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).filter(([name]) => name !== 'JWT_SECRET'));
}

/** Every service may say of its work that no model made it. */
function simulatedFlags({ engines }: StackSettings): Record<string, string> {
  return Object.fromEntries(
    ENGINE_IDS.filter((engine) => engines[engine].kind !== 'configured').map((engine) => [
      `${engine.toUpperCase()}_SIMULATED`,
      String(engines[engine].kind === 'simulated'),
    ]),
  );
}

function engineEnvironment({ root, dataDir, engines, cardUrl }: StackSettings): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const engine of ENGINE_IDS) {
    const prefix = engine.toUpperCase();
    const choice = engines[engine];
    if (choice.kind === 'attached') {
      settings[`${prefix}_MODE`] = 'attached';
      settings[`${prefix}_URL`] = choice.url;
    } else if (choice.kind === 'simulated') {
      settings[`${prefix}_MODE`] = 'child';
      // An address of a real engine that --simulate overrules.
      settings[`${prefix}_URL`] = '';
      settings[`${prefix}_COMMAND`] = JSON.stringify(simulatorCommand(engine, { root, dataDir, cardUrl }));
    }
  }
  // A real engine shares the card with nobody simulated, so the real driver is asked then.
  const isAllSimulated = ENGINE_IDS.every((engine) => engines[engine].kind === 'simulated');
  return { ...settings, SIM_CARD_URL: isAllSimulated ? (cardUrl ?? '') : '' };
}

/** An OLLAMA_URL_1 that names the engine which was found means that one, and not a second server beside it. */
function addressOfMain({ engines: { ollama } }: StackSettings): Record<string, string> {
  return ollama.kind === 'attached' ? { OLLAMA_URL: ollama.url } : {};
}

function simulatorCommand(
  engine: EngineId,
  { root, dataDir, cardUrl }: Pick<StackSettings, 'root' | 'dataDir' | 'cardUrl'>,
): string[] {
  const card = cardUrl === null ? [] : ['--card', cardUrl];
  const data = engine === 'comfyui' ? ['--data-dir', join(dataDir, 'simulated-comfyui')] : [];
  return [
    process.execPath,
    simulatorProgram(root),
    engine,
    '--host',
    '{host}',
    '--port',
    '{port}',
    ...card,
    ...data,
  ];
}

/** Path of the engine simulator's program. */
export function simulatorProgram(root: string): string {
  return join(root, 'apps', 'engine-simulator', 'dist', 'main.js');
}
