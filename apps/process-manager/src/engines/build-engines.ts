import { AppError, type Clock } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import type { EngineConfig, ProcessManagerConfig } from '../config.ts';
import type { EngineDriver } from '../core/engine-driver.ts';
import { ManagedEngine } from '../core/managed-engine.ts';
import { AttachedDriver } from '../drivers/attached.driver.ts';
import { ChildProcessDriver, type ChildProcessSettings } from '../drivers/child-process.driver.ts';
import type { EngineRunsStore } from '../drivers/engine-runs.store.ts';
import type { GuardedEngines } from '../guard/guard.service.ts';
import { NodeEngine } from '../node/node-engine.ts';
import { ComfyuiClient } from './comfyui.client.ts';
import type { EngineHttp } from './engine-http.ts';
import type { EngineSoftware } from './engine-software.ts';
import { OllamaClient } from './ollama.client.ts';

export interface EngineTools {
  readonly runs: EngineRunsStore;
  readonly http: EngineHttp;
  readonly clock: Clock;
}

export interface Engines extends GuardedEngines {
  readonly all: readonly NodeEngine[];
  readonly ollama: OllamaClient;
  isSimulated(engine: EngineName): boolean;
}

/** Within the end of this process there is little time: its own deadline is 8 s. */
const GENTLE_MS = 4_000;

/** What only one of the two programs needs. SIGTERM kills ComfyUI at once, SIGINT ends it in order. */
function programOf(
  engine: EngineName,
  config: ProcessManagerConfig,
): Pick<ChildProcessSettings, 'environment' | 'gentleSignal'> {
  const environment = config.engineEnvironment;
  if (engine === 'comfyui') return { environment, gentleSignal: 'SIGINT' };
  return {
    gentleSignal: 'SIGTERM',
    environment: {
      ...environment,
      OLLAMA_HOST: '{host}:{port}',
      OLLAMA_CONTEXT_LENGTH: String(config.ollama.contextLength),
      OLLAMA_NO_CLOUD: '1',
    },
  };
}

export function buildEngines(config: ProcessManagerConfig, tools: EngineTools): Engines {
  const { http, clock } = tools;
  const ollama = new OllamaClient(http, clock, config.ollama);
  const comfyui = new ComfyuiClient(http, clock);
  const build = (software: EngineSoftware, own: EngineConfig): NodeEngine =>
    new NodeEngine({
      software,
      isSimulated: own.isSimulated,
      managed: new ManagedEngine({
        name: software.engine,
        driver: driverOf(software.engine, own, config, tools),
        probe: (url, signal) => software.answers(url, signal),
        clock,
        times: { startTimeoutMs: own.startTimeoutMs },
      }),
    });
  const nodeEngines = { ollama: build(ollama, config.ollama), comfyui: build(comfyui, config.comfyui) };
  return {
    all: [nodeEngines.ollama, nodeEngines.comfyui],
    ollama,
    isSimulated: (engine) => nodeEngines[engine].isSimulated,
    urlOf: (engine) => nodeEngines[engine].url,
    endPrompts: async (ids, looks, signal) => {
      const { managed, url } = nodeEngines.comfyui;
      // Prompts live in the process's memory only. An attached engine that is silent may still be at work.
      if (url === null) return managed.kind === 'child';
      try {
        await comfyui.endPrompts(url, ids, looks, signal);
        return true;
      } catch {
        return managed.kind === 'child' && managed.state !== 'ready';
      }
    },
  };
}

function driverOf(
  engine: EngineName,
  own: EngineConfig,
  config: ProcessManagerConfig,
  tools: EngineTools,
): EngineDriver {
  if (own.mode === 'attached') {
    if (own.url === null) throw new AppError('engine.unavailable', { engine, cause: 'no address' });
    return new AttachedDriver(own.url);
  }
  const address = own.url === null ? null : new URL(own.url);
  const settings: ChildProcessSettings = {
    engine,
    command: own.command,
    host: address?.hostname.replace(/^\[|\]$/g, '') ?? '127.0.0.1',
    port: Number(address?.port ?? 0),
    gentleMs: GENTLE_MS,
    ...programOf(engine, config),
  };
  return new ChildProcessDriver(settings, tools.runs, tools.clock);
}
