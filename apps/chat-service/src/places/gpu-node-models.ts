import {
  listEngineModels,
  readNodeStatus,
  type EngineModel,
  type ModelServer,
  type ServerModel,
} from '@baton/contracts';
import { codeOf, type Clock } from '@baton/kernel';
import { CLOCK, Log, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { PROCESS_MANAGER } from '../tokens.ts';

export interface GpuNodeKnowledge {
  readonly state: ModelServer['state'];
  readonly checkedAtMs: number | null;
  readonly errorCode: string | null;
  readonly simulated: boolean;
  readonly models: readonly ServerModel[];
  readonly isListCertain: boolean;
}

/** How long what was read serves before somebody's question has it read again, in the background. */
const FRESH_MS = 10_000;

/** What is installed on the GPU nodes' Ollama. Told by the process-manager: looking never wakes the GPU. */
@Injectable()
export class GpuNodeModels {
  private readonly processManager: Pick<CallClient, 'call'>;
  private readonly clock: Clock;
  private readonly log: Log;
  private last: GpuNodeKnowledge = {
    state: 'checking',
    checkedAtMs: null,
    errorCode: null,
    simulated: false,
    models: [],
    isListCertain: false,
  };
  private triedAtMs: number | null = null;
  private reading: Promise<void> | null = null;

  constructor(
    @Inject(PROCESS_MANAGER) processManager: Pick<CallClient, 'call'>,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.processManager = processManager;
    this.clock = clock;
    this.log = log;
  }

  get current(): GpuNodeKnowledge {
    return this.last;
  }

  freshen(): void {
    if (this.triedAtMs === null || this.clock.now() - this.triedAtMs > FRESH_MS) void this.read();
  }

  /** One reading at a time, shared by everybody who asks meanwhile. Never throws. */
  read(): Promise<void> {
    this.triedAtMs = this.clock.now();
    this.reading ??= this.ask().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  private async ask(): Promise<void> {
    try {
      const [{ models, simulated, source }, status] = await Promise.all([
        this.processManager.call(listEngineModels, { engine: 'ollama' }),
        // Good to know and no more: without it nobody can say what is loaded.
        this.processManager.call(readNodeStatus, {}).catch(() => null),
      ]);
      const loaded = status?.engines.find(({ engine }) => engine === 'ollama')?.loaded_models ?? null;
      // An engine that has not run since the start has an empty list, which says nothing about what is installed.
      const isListCertain = source === 'live' || models.length > 0;
      this.last = {
        state: isListCertain ? 'up' : 'checking',
        checkedAtMs: this.clock.now(),
        errorCode: null,
        simulated,
        models: models.map((model) => serverModelOf(model, loaded)),
        isListCertain,
      };
    } catch (error) {
      const errorCode = codeOf(error);
      if (this.last.errorCode !== errorCode)
        this.log.debug('model.list', { outcome: 'failed', code: errorCode });
      this.last = { ...this.last, state: 'down', errorCode };
    }
  }
}

/** @param loaded names of those in memory, for a process-manager that does not tell it with the model */
function serverModelOf(model: EngineModel, loaded: readonly string[] | null): ServerModel {
  const bytes = model.loaded_bytes;
  return {
    model: model.name,
    size_bytes: Math.round(model.size_bytes),
    parameter_size: model.parameter_size === '' ? null : model.parameter_size,
    quantization: model.quantization === '' ? null : model.quantization,
    context_length: model.context_length,
    capabilities: model.capabilities,
    loaded: bytes === undefined ? (loaded?.includes(model.name) ?? null) : bytes !== null,
    loaded_bytes: bytes == null ? null : Math.round(bytes),
  };
}
