import { listModels, wantedSettings, type Lane, type ModelList } from '@baton/contracts';
import { DEFAULT_OLLAMA_INSTANCE } from '@baton/contracts';
import { AppError, codeOf, type ErrorCode } from '@baton/kernel';
import { Log, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { PictureFiles } from '../files/picture-files.service.ts';
import type { ImageRow } from '../images/image.entity.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import type { PictureLanguage, WrittenPrompt } from '../language/picture-language.ts';
import { settingsFor } from '../sampling/sampling.ts';
import { CHAT_SERVICE, PICTURE_LANGUAGE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import type { ActiveRender } from './active-render.ts';
import { GpuTurnsService, type GpuTurn } from './gpu-turns.service.ts';

/** Trouble with a language model alone, or with finding one: the picture can be made without it. */
const MODEL_TROUBLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'engine.unavailable',
  'engine.start_failed',
  'engine.failed',
  'engine.rejected',
  'engine.out_of_memory',
  'engine.stalled',
  'engine.truncated',
  'model.unknown',
  'model.none_installed',
  'gpu.swap_failed',
  'call.unreachable',
  'call.timeout',
]);

interface Models {
  readonly writer: string;
  /** Null when no installed model can see. */
  readonly viewer: string | null;
}

/**
 * The first step of a request: what the reference picture shows, the prompt and the settings. All of it under one Ollama
 * lease, since giving the GPU back in between could cost two hand-overs. What a model cannot do is done without it: people
 * want their picture, and the record says who chose what.
 */
@Injectable()
export class LanguageStepService {
  private readonly gpu: GpuTurnsService;
  private readonly language: PictureLanguage;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly images: ImagesRepository;
  private readonly files: PictureFiles;
  private readonly settings: RenderingSettings;
  private readonly log: Log;

  constructor(
    gpu: GpuTurnsService,
    @Inject(PICTURE_LANGUAGE) language: PictureLanguage,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    images: ImagesRepository,
    files: PictureFiles,
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    log: Log,
  ) {
    this.gpu = gpu;
    this.language = language;
    this.chat = chat;
    this.images = images;
    this.files = files;
    this.settings = settings;
    this.log = log;
  }

  /** Decides prompt and settings, and stores them. */
  async run(render: ActiveRender): Promise<void> {
    const { request } = render;
    const written = request.isAsItIs ? asItIs(request.description) : await this.write(render);
    const { settings, by } = settingsFor({
      kind: request.kind === 'image' ? 'image' : 'text',
      wanted: wantedSettings.catch({}).parse(request.wanted ?? {}),
      proposed: written.settings,
      usualSteps: this.settings.steps,
    });
    const decided = { prompt: written.prompt, promptBy: written.by, settings, settingsBy: by } as const;
    await this.images.storePrompt(request.messageId, decided);
    Object.assign(request, decided, { state: 'prompted' });
    const seen = render.reference?.description ?? null;
    render.log.append({
      type: 'prompt',
      prompt: written.prompt,
      seed: request.seed,
      settings_by: by,
      ...(seen === null ? {} : { reference_description: seen }),
    });
  }

  private async write(render: ActiveRender): Promise<WrittenPrompt> {
    const { messageId, description } = render.request;
    return this.withModels(render).catch((error: unknown) => {
      if (render.stop.signal.aborted || !MODEL_TROUBLE.has(codeOf(error))) throw error;
      this.log.warn('prompt.skip', { messageId, code: codeOf(error) });
      return asItIs(description);
    });
  }

  private async withModels(render: ActiveRender): Promise<WrittenPrompt> {
    const { reference } = render;
    const { writer, viewer } = this.choose(await this.chat.call(listModels, {}));
    const isToBeSeen = reference !== null && reference.description === null && viewer !== null;
    const lane: Lane = { engine: 'ollama', instance: DEFAULT_OLLAMA_INSTANCE, model: writer };
    const use = { kind: 'prompting', lane, model: writer, alsoModels: isToBeSeen ? [viewer] : [] } as const;
    return this.gpu.take(render, use, async (turn) => {
      render.state.say({ type: 'state', state: 'prompting' });
      // First: the writer is then the model that stays in memory, as the scheduler believes.
      if (isToBeSeen) await this.look(render, reference, viewer, turn);
      const wish = {
        description: render.request.description,
        seen: reference?.description ?? null,
        isChange: reference !== null,
      };
      const written = await render.timed('prompt', () => this.language.write(wish, writer, turn.door));
      turn.time.heard();
      return written;
    });
  }

  /** Kept with the picture: nobody asks for it again. */
  private async look(
    render: ActiveRender,
    reference: ImageRow,
    viewer: string,
    { door, time }: GpuTurn,
  ): Promise<void> {
    try {
      const picture = await this.files.forModel(reference.fileName);
      const seen = await render.timed('vision', () => this.language.describe(picture, viewer, door));
      time.heard();
      if (seen === null) return;
      await this.images.storeDescription(reference.id, seen, viewer);
      Object.assign(reference, { description: seen, descriptionBy: viewer });
    } catch (error) {
      if (door.signal.aborted || !MODEL_TROUBLE.has(codeOf(error))) throw error;
      this.log.warn('vision.skip', { messageId: render.request.messageId, code: codeOf(error) });
    }
  }

  /** @throws AppError `model.none_installed` */
  private choose({ models, default_model: writer }: ModelList): Models {
    if (models.length === 0) throw new AppError('model.none_installed');
    const seeing = models.filter(({ capabilities }) => capabilities.includes('vision'));
    const wanted = this.settings.visionModel;
    // One model that can do both costs no model change.
    const viewer =
      seeing.find(({ model }) => model === wanted) ??
      seeing.find(({ model }) => model === writer) ??
      seeing[0];
    return { writer, viewer: viewer?.model ?? null };
  }
}

function asItIs(description: string): WrittenPrompt {
  return { prompt: description, by: 'user', settings: null };
}
