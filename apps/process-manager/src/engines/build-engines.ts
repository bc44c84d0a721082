import { AppError, type Clock } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import type { ProcessManagerConfig } from '../config.ts';
import type { EngineLogs } from '../core/engine-driver.ts';
import { ManagedEngine } from '../core/managed-engine.ts';
import type { ChildProcessSettings } from '../drivers/child-process.driver.ts';
import type { EngineRunsStore } from '../drivers/engine-runs.store.ts';
import { openDriver } from '../drivers/open-driver.ts';
import type { EngineConfig } from '../engine-environment.ts';
import type { GuardedEngines } from '../guard/guard.service.ts';
import { NodeEngine } from '../node/node-engine.ts';
import { ComfyuiClient } from './comfyui.client.ts';
import type { EngineHttp } from './engine-http.ts';
import type { EngineSoftware } from './engine-software.ts';
import { OllamaClient } from './ollama.client.ts';
import { comfyuiSymptom, ollamaSymptom, type SymptomProbe } from './symptoms.ts';

export interface EngineTools {
  readonly runs: EngineRunsStore;
  readonly http: EngineHttp;
  readonly clock: Clock;
}

export interface Engines extends GuardedEngines {
  readonly all: readonly NodeEngine[];
  readonly ollama: OllamaClient;
  readonly comfyui: ComfyuiClient;
  isSimulated(engine: EngineName): boolean;
  /** @throws AppError `engine.no_logs` where its driver has no way to what it prints */
  logsOf(engine: EngineName): EngineLogs;
  /** What tells that an engine which answers is broken all the same. */
  symptomOf(engine: EngineName): SymptomProbe;
}

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

export async function buildEngines(config: ProcessManagerConfig, tools: EngineTools): Promise<Engines> {
  const { http, clock } = tools;
  const ollama = new OllamaClient(http, clock, config.ollama);
  const comfyui = new ComfyuiClient(http, clock);
  const build = async (software: EngineSoftware, own: EngineConfig): Promise<NodeEngine> =>
    new NodeEngine({
      software,
      isSimulated: own.isSimulated,
      managed: new ManagedEngine({
        name: software.engine,
        driver: await openDriver(own, {
          ...tools,
          engine: software.engine,
          ...programOf(software.engine, config),
        }),
        probe: (url, signal) => software.answers(url, signal),
        clock,
        times: { startTimeoutMs: own.startTimeoutMs },
      }),
    });
  const nodeEngines = {
    ollama: await build(ollama, config.ollama),
    comfyui: await build(comfyui, config.comfyui),
  };
  const symptoms = { ollama: ollamaSymptom(http, clock), comfyui: comfyuiSymptom(http) };
  return {
    all: [nodeEngines.ollama, nodeEngines.comfyui],
    ollama,
    comfyui,
    isSimulated: (engine) => nodeEngines[engine].isSimulated,
    symptomOf: (engine) => symptoms[engine],
    logsOf: (engine) => {
      const { logs, kind } = nodeEngines[engine].managed;
      if (logs === null) throw new AppError('engine.no_logs', { engine, driver: kind });
      return logs;
    },
    urlOf: (engine) => nodeEngines[engine].url,
    endPrompts: async (ids, looks, signal) => {
      const { managed, url } = nodeEngines.comfyui;
      // Prompts live in the process's memory only. One that we cannot stop may be silent and still at work.
      if (url === null) return managed.canStop;
      try {
        await comfyui.endPrompts(url, ids, looks, signal);
        return true;
      } catch {
        return managed.canStop && managed.state !== 'ready';
      }
    },
  };
}
