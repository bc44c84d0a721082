import { randomUUID } from 'node:crypto';
import { DEFAULT_OLLAMA_INSTANCE, listModels, type Lane, type SamplerSettings } from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import type { GpuLeases, Lease } from '@baton/gpu-lease';
import { CLOCK, Log, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { EngineDoor } from '../engines/engine-door.ts';
import type { ImageEngine, RenderListener, RenderOrder } from '../engines/image-engine.ts';
import { ImageFilesStore } from '../images/image-files.store.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import type { PromptWriter } from '../prompting/prompt-writer.ts';
import {
  CHAT_SERVICE,
  GPU_LEASES,
  IMAGE_ENGINE,
  PROMPT_WRITER,
  RENDERING_SETTINGS,
  type RenderingSettings,
} from '../tokens.ts';
import type { ActiveRender } from './active-render.ts';
import { LeaseTime } from './lease-time.ts';
import { PreviewShelf } from './preview-shelf.ts';

/** What the two uses of the GPU take when none has been measured yet. */
const PROMPTING_MS = 5_000;
const RENDER_MS = 20_000;

/** Flux.1-dev is guidance-distilled: `guidance` does the work and cfg stays 1. */
const FLUX = { cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 } as const;

/** The way to the GPU: production hands in `GpuLeases`, tests a fake that grants at once. */
export type GpuAccess = Pick<GpuLeases, 'withLease'>;

/** The two steps of a request that hold the GPU: the prompt under an Ollama lease, the picture under a ComfyUI lease. */
@Injectable()
export class RenderSteps {
  constructor(
    @Inject(GPU_LEASES) private readonly gpu: GpuAccess,
    @Inject(PROMPT_WRITER) private readonly prompts: PromptWriter,
    @Inject(IMAGE_ENGINE) private readonly engine: ImageEngine,
    @Inject(CHAT_SERVICE) private readonly chat: CallClient,
    @Inject(RENDERING_SETTINGS) private readonly settings: RenderingSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly images: ImagesRepository,
    private readonly files: ImageFilesStore,
    private readonly previews: PreviewShelf,
    private readonly log: Log,
  ) {}

  /** Writes and stores the prompt. Without a language model the description has to do: people want their picture. */
  async writePrompt(render: ActiveRender): Promise<void> {
    const { request } = render;
    const model = await this.defaultModel();
    const written =
      model === null
        ? ({ prompt: request.description, by: 'user' } as const)
        : await this.underLease(
            render,
            { kind: 'prompting', lane: ollamaLane(model), model, estimateMs: PROMPTING_MS },
            async (door, time) => {
              render.state.say({ type: 'state', state: 'prompting' });
              const answer = await this.prompts.write(request.description, model, door);
              time.first();
              return answer;
            },
          ).catch((error: unknown) => {
            if (!isModelTrouble(error)) throw error;
            this.log.warn('prompt.skip', { messageId: request.messageId, code: codeOf(error) });
            return { prompt: request.description, by: 'user' } as const;
          });
    await this.images.storePrompt(request.messageId, written.prompt, written.by);
    request.prompt = written.prompt;
    request.promptBy = written.by;
    request.state = 'prompted';
    render.log.append({ type: 'prompt', prompt: written.prompt, seed: request.seed });
  }

  /** Makes and stores the picture. The lease ends when the file is stored, not when ComfyUI has taken the order. */
  async renderImage(render: ActiveRender): Promise<void> {
    const { request } = render;
    const order = this.orderOf(request);
    await this.images.startRender(request.messageId, order.promptId);
    request.promptId = order.promptId;
    const model = this.settings.checkpoint.replace(/\.\w+$/, '');
    await this.underLease(
      render,
      { kind: 'render', lane: { engine: 'comfyui' }, model, estimateMs: RENDER_MS },
      async (door, time) => {
        render.state.say({ type: 'state', state: 'loading', model });
        const bytes = await this.engine.render(order, door, this.listener(render, time));
        await this.keep(render, order, bytes, model);
      },
    );
  }

  private orderOf(request: ActiveRender['request']): RenderOrder {
    const settings: SamplerSettings = { ...FLUX, steps: this.settings.steps };
    return {
      promptId: request.promptId ?? randomUUID(),
      prompt: request.prompt ?? request.description,
      width: request.width,
      height: request.height,
      seed: request.seed,
      settings,
      checkpoint: this.settings.checkpoint,
    };
  }

  private listener(render: ActiveRender, time: LeaseTime): RenderListener {
    const { messageId, userId } = render.request;
    return {
      started: () => undefined,
      progress: (step, steps) => {
        time.first();
        render.progress(step, steps);
      },
      preview: (picture, contentType) => {
        const revision = this.previews.put(messageId, { userId, contentType, picture });
        render.log.append({ type: 'preview', revision });
      },
    };
  }

  private async keep(render: ActiveRender, order: RenderOrder, bytes: Buffer, model: string): Promise<void> {
    const { messageId, userId } = render.request;
    const stored = await this.files.store(bytes);
    const id = await this.images.addImage({
      messageId,
      userId,
      width: stored.width,
      height: stored.height,
      seed: order.seed,
      settings: order.settings,
      model,
      fileName: stored.fileName,
      sha256: stored.sha256,
      sizeBytes: stored.sizeBytes,
      isSimulated: this.settings.isSimulated,
      createdAt: this.clock.now(),
    });
    const picture = { image_id: id, width: stored.width, height: stored.height };
    render.attachments.push(picture);
    render.log.append({ type: 'image', ...picture });
  }

  private underLease<T>(
    render: ActiveRender,
    use: {
      readonly kind: 'prompting' | 'render';
      readonly lane: Lane;
      readonly model: string;
      readonly estimateMs: number;
    },
    work: (door: EngineDoor, time: LeaseTime) => Promise<T>,
  ): Promise<T> {
    const { userId, messageId, chatId } = render.request;
    const { kind, lane, model, estimateMs } = use;
    return this.gpu.withLease(
      {
        jobId: render.jobId(kind),
        job: { lane, kind, userId, messageId, chatId, estimateMs },
        signal: render.stop.signal,
        onWaiting: (view) => render.state.waiting(view, model),
      },
      async (lease: Lease) => {
        const time = new LeaseTime(this.clock, { engine: lane.engine, model }, lease);
        const signal = AbortSignal.any([lease.signal, render.stop.signal]);
        try {
          return await work({ url: lease.guard.url, headers: lease.guard.headers, signal }, time);
        } finally {
          render.timeline.push(time.entry());
        }
      },
    );
  }

  /** Null when no language model is installed. */
  private async defaultModel(): Promise<string | null> {
    const { models, default_model: model } = await this.chat.call(listModels, {});
    return models.length === 0 ? null : model;
  }
}

function ollamaLane(model: string): Lane {
  return { engine: 'ollama', instance: DEFAULT_OLLAMA_INSTANCE, model };
}

/** Trouble with the language model alone: the picture can be made without it. */
function isModelTrouble(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return (
    error.code.startsWith('engine.') || error.code === 'model.unknown' || error.code === 'gpu.swap_failed'
  );
}
