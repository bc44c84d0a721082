import { DEFAULT_OLLAMA_INSTANCE, listModels } from '@baton/contracts';
import { AppError, codeOf, type ErrorCode } from '@baton/kernel';
import { Log, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ImagesRepository } from '../images/images.repository.ts';
import type { PromptWriter, WrittenPrompt } from '../prompting/prompt-writer.ts';
import { CHAT_SERVICE, PROMPT_WRITER } from '../tokens.ts';
import type { ActiveRender } from './active-render.ts';
import { GpuTurnsService } from './gpu-turns.service.ts';

/** Trouble with the language model alone, or with finding one: the picture can be made without it. */
const MODEL_TROUBLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'engine.unavailable',
  'engine.start_failed',
  'engine.failed',
  'engine.rejected',
  'engine.out_of_memory',
  'engine.stalled',
  'engine.truncated',
  'model.unknown',
  'gpu.swap_failed',
  'call.unreachable',
  'call.timeout',
]);

/** The first step of a request: the prompt, written by a language model under an Ollama lease. */
@Injectable()
export class PromptStepService {
  private readonly gpu: GpuTurnsService;
  private readonly prompts: PromptWriter;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly images: ImagesRepository;
  private readonly log: Log;

  constructor(
    gpu: GpuTurnsService,
    @Inject(PROMPT_WRITER) prompts: PromptWriter,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    images: ImagesRepository,
    log: Log,
  ) {
    this.gpu = gpu;
    this.prompts = prompts;
    this.chat = chat;
    this.images = images;
    this.log = log;
  }

  /** Writes and stores the prompt. Without a language model the description has to do: people want their picture. */
  async run(render: ActiveRender): Promise<void> {
    const { request } = render;
    const { messageId, seed } = request;
    const { prompt, by } = await this.write(render).catch((error: unknown): WrittenPrompt => {
      if (render.stop.signal.aborted || !MODEL_TROUBLE.has(codeOf(error))) throw error;
      this.log.warn('prompt.skip', { messageId, code: codeOf(error) });
      return { prompt: request.description, by: 'user' };
    });
    await this.images.storePrompt(messageId, prompt, by);
    Object.assign(request, { prompt, promptBy: by, state: 'prompted' } satisfies Partial<typeof request>);
    render.log.append({ type: 'prompt', prompt, seed });
  }

  private async write(render: ActiveRender): Promise<WrittenPrompt> {
    const { models, default_model: model } = await this.chat.call(listModels, {});
    if (models.length === 0) throw new AppError('model.unknown', { reason: 'none is installed' });
    const lane = { engine: 'ollama', instance: DEFAULT_OLLAMA_INSTANCE, model } as const;
    return this.gpu.take(render, { kind: 'prompting', lane, model }, async ({ door, time }) => {
      render.state.say({ type: 'state', state: 'prompting' });
      const written = await this.prompts.write(render.request.description, model, door);
      time.heard();
      return written;
    });
  }
}
