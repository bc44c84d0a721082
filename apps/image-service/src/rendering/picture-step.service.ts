import { randomUUID } from 'node:crypto';
import type { SamplerSettings } from '@baton/contracts';
import type { Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { ImageEngine, RenderListener } from '../engines/image-engine.ts';
import { PictureFiles } from '../files/picture-files.service.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import { IMAGE_ENGINE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import type { ActiveRender } from './active-render.ts';
import { GpuTurnsService, type GpuTurn } from './gpu-turns.service.ts';
import { PreviewShelf } from './preview-shelf.ts';

/** Flux.1-dev is guidance-distilled: `guidance` does the work and cfg stays 1. */
const FLUX = { cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple', denoise: 1 } as const;

/** The second step of a request: the picture, made under a ComfyUI lease that ends when the file is stored. */
@Injectable()
export class PictureStepService {
  private readonly gpu: GpuTurnsService;
  private readonly engine: ImageEngine;
  private readonly images: ImagesRepository;
  private readonly files: PictureFiles;
  private readonly previews: PreviewShelf;
  private readonly settings: RenderingSettings;
  private readonly clock: Clock;

  constructor(
    gpu: GpuTurnsService,
    @Inject(IMAGE_ENGINE) engine: ImageEngine,
    images: ImagesRepository,
    files: PictureFiles,
    previews: PreviewShelf,
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.gpu = gpu;
    this.engine = engine;
    this.images = images;
    this.files = files;
    this.previews = previews;
    this.settings = settings;
    this.clock = clock;
  }

  /** Makes and stores the picture; one that a process stored before it died is not made again. */
  async run(render: ActiveRender): Promise<void> {
    const [stored] = await this.images.imagesOf(render.request.messageId);
    if (stored !== undefined) {
      tell(render, stored);
      return;
    }
    const { model } = this;
    const { width, height } = render.request;
    const workUnits = (this.sampling.steps * width * height) / 1_000_000;
    const use = { kind: 'render', lane: { engine: 'comfyui' }, model, workUnits } as const;
    await this.gpu.take(render, use, async (turn) => {
      render.loading(model);
      const bytes = await this.make(render, turn);
      await this.keep(render, bytes);
    });
  }

  /** The checkpoint as people know it. */
  private get model(): string {
    return this.settings.checkpoint.replace(/\.\w+$/, '');
  }

  private get sampling(): SamplerSettings {
    return { ...FLUX, steps: this.settings.steps };
  }

  /** An earlier attempt's order that is still of use is followed. Else there is a new one, with an id of its own. */
  private async make(render: ActiveRender, { door, time }: GpuTurn): Promise<Buffer> {
    const { request } = render;
    const listener: RenderListener = {
      progress: (step, steps) => {
        time.heard();
        render.progress(step, steps);
      },
      preview: (picture, contentType) => {
        const { messageId, userId } = request;
        const revision = this.previews.put(messageId, { userId, contentType, picture });
        render.log.append({ type: 'preview', revision });
      },
    };
    if (request.promptId !== null && (await this.engine.has(request.promptId, door))) {
      return this.engine.follow(request.promptId, door, listener);
    }
    const promptId = randomUUID();
    await this.images.startRender(request.messageId, promptId);
    request.promptId = promptId;
    const { width, height, seed } = request;
    const { checkpoint } = this.settings;
    const prompt = request.prompt ?? request.description;
    const order = { promptId, prompt, width, height, seed, settings: this.sampling, checkpoint };
    return this.engine.render(order, door, listener);
  }

  /** File first, then the row that names it: a name that is told has its file. */
  private async keep(render: ActiveRender, bytes: Buffer): Promise<void> {
    const { messageId, userId, seed } = render.request;
    const picture = await this.files.storeRendered(bytes);
    try {
      const id = await this.images.addImage({
        ...picture,
        messageId,
        userId,
        seed,
        settings: this.sampling,
        model: this.model,
        isSimulated: this.settings.isSimulated,
        createdAt: this.clock.now(),
      });
      tell(render, { ...picture, id });
    } catch (error) {
      await this.files.remove(picture.fileName);
      throw error;
    }
  }
}

function tell(
  render: ActiveRender,
  { id, width, height }: { readonly id: number; readonly width: number; readonly height: number },
): void {
  const picture = { image_id: id, width, height };
  render.attachments.push(picture);
  render.log.append({ type: 'image', ...picture });
}
