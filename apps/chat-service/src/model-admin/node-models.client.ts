import {
  INTERNAL_HEADERS,
  PULL_PATH,
  deleteEngineModel,
  loadEngineModel,
  problem,
  unloadEngineModel,
} from '@baton/contracts';
import { AppError, isErrorCode } from '@baton/kernel';
import { INTERNAL_SECRET, correlationId, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent } from 'undici';
import { MODEL_ADMIN_SETTINGS, PROCESS_MANAGER, type ModelAdminSettings } from '../tokens.ts';
import type { Kept, ModelKeeper } from './model-keeper.ts';

/** The models of the GPU node, by way of its process-manager: nothing is done to the card past the one who hands it over. */
@Injectable()
export class NodeModelsClient implements ModelKeeper, OnApplicationShutdown {
  private readonly processManager: Pick<CallClient, 'call'>;
  private readonly settings: ModelAdminSettings;
  private readonly secret: string;
  /** A layer that is checked on a slow disk is silent for minutes. */
  private readonly agent = new Agent({ connectTimeout: 5_000, headersTimeout: 60_000, bodyTimeout: 900_000 });

  constructor(
    @Inject(PROCESS_MANAGER) processManager: Pick<CallClient, 'call'>,
    @Inject(MODEL_ADMIN_SETTINGS) settings: ModelAdminSettings,
    @Inject(INTERNAL_SECRET) secret: string,
  ) {
    this.processManager = processManager;
    this.settings = settings;
    this.secret = secret;
  }

  async load(model: string): Promise<Kept> {
    const { state } = await this.processManager.call(loadEngineModel, { model });
    return { state, freedBytes: null };
  }

  async unload(model: string): Promise<Kept> {
    const { state, freed_bytes } = await this.processManager.call(unloadEngineModel, { model });
    return { state, freedBytes: state === 'done' ? freed_bytes : null };
  }

  async delete(model: string): Promise<Kept> {
    const { freed_bytes } = await this.processManager.call(deleteEngineModel, { model });
    return { state: 'done', freedBytes: freed_bytes };
  }

  async *pull(model: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.agent
      .request({
        origin: this.settings.processManagerUrl,
        path: PULL_PATH,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-correlation-id': correlationId(),
          [INTERNAL_HEADERS.secret]: this.secret,
        },
        body: JSON.stringify({ model }),
        signal,
      })
      .catch((cause: unknown) => {
        signal.throwIfAborted();
        throw new AppError('call.unreachable', { path: PULL_PATH }, { cause });
      });
    if (answer.statusCode !== 200) throw refusalOf(answer.statusCode, await answer.body.text());
    yield* answer.body;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }
}

function refusalOf(status: number, text: string): AppError {
  let code: unknown;
  try {
    code = problem.partial().parse(JSON.parse(text)).code;
  } catch {
    code = undefined;
  }
  return new AppError(isErrorCode(code) ? code : 'engine.failed', { path: PULL_PATH, status });
}
