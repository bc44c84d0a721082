import { randomUUID } from 'node:crypto';
import { samplerSettings, type SamplerSettings } from '@baton/contracts';
import { codeOf, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { EngineDoor } from '../engines/engine-door.ts';
import type { ImageEngine, RenderListener } from '../engines/image-engine.ts';
import { PictureFiles } from '../files/picture-files.service.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import { storedVariants, type Variant } from '../images/variants.ts';
import { settingsFor } from '../sampling/sampling.ts';
import { IMAGE_ENGINE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import { fillWorkflow } from '../workflows/fill-workflow.ts';
import type { PreparedWorkflow } from '../workflows/read-workflow.ts';
import { WorkflowsService } from '../workflows/workflows.service.ts';
import type { ActiveRender } from './active-render.ts';
import { GpuTurnsService, type GpuTurn } from './gpu-turns.service.ts';
import { PreviewShelf } from './preview-shelf.ts';

/**
 * The second step of a request: its pictures, each made under a ComfyUI lease of its own that ends when the file is stored.
 * All of them are asked for at once, so that one visit can serve them; others may come between them.
 */
@Injectable()
export class PictureStepService {
  private readonly gpu: GpuTurnsService;
  private readonly engine: ImageEngine;
  private readonly workflows: WorkflowsService;
  private readonly images: ImagesRepository;
  private readonly files: PictureFiles;
  private readonly previews: PreviewShelf;
  private readonly settings: RenderingSettings;
  private readonly clock: Clock;

  constructor(
    gpu: GpuTurnsService,
    @Inject(IMAGE_ENGINE) engine: ImageEngine,
    workflows: WorkflowsService,
    images: ImagesRepository,
    files: PictureFiles,
    previews: PreviewShelf,
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.gpu = gpu;
    this.engine = engine;
    this.workflows = workflows;
    this.images = images;
    this.files = files;
    this.previews = previews;
    this.settings = settings;
    this.clock = clock;
  }

  /** Makes and stores the pictures; what a process stored before it died is not made again. */
  async run(render: ActiveRender): Promise<void> {
    const workflow = this.workflows.get(render.request.kind);
    await this.images.storeWorkflow(render.request.messageId, workflow.name, workflow.hash);
    Object.assign(render.request, { workflow: workflow.name, workflowHash: workflow.hash });
    for (const stored of await this.images.imagesOf(render.request.messageId)) render.finished(stored);
    const outcomes = await Promise.allSettled(
      render.unfinished().map((variant) => this.makeOne(render, workflow, variant)),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private async makeOne(render: ActiveRender, workflow: PreparedWorkflow, variant: Variant): Promise<void> {
    const { model } = this.settings;
    const { width, height } = render.request;
    const workUnits = (this.samplingOf(render).steps * width * height) / 1_000_000;
    const use = { kind: 'render', lane: { engine: 'comfyui' }, model, workUnits, variant } as const;
    await this.gpu.take(render, use, async (turn) => {
      render.loading(model);
      const bytes = await this.make(render, workflow, variant, turn);
      await render.timed('store', () => this.keep(render, variant, bytes));
    });
  }

  private samplingOf({ request }: ActiveRender): SamplerSettings {
    const stored = samplerSettings.safeParse(request.settings);
    if (stored.success) return stored.data;
    const kind = request.kind === 'image' ? 'image' : 'text';
    return settingsFor({ kind, wanted: {}, proposed: null, usualSteps: this.settings.steps }).settings;
  }

  /** An earlier attempt's order that is still of use is followed. Else there is a new one, with an id of its own. */
  private async make(
    render: ActiveRender,
    workflow: PreparedWorkflow,
    variant: Variant,
    { door, time }: GpuTurn,
  ): Promise<Buffer> {
    const { sampler, output } = workflow;
    const listener = this.listenerOf(render, workflow, variant, () => time.heard());
    const earlier = variant.promptId;
    if (earlier !== null && (await this.engine.has(earlier, door))) {
      return render.timed('render', () =>
        this.engine.follow({ promptId: earlier, sampler, output }, door, listener),
      );
    }
    await this.workflows.ensureFits(workflow, door);
    const image = await this.bring(render, door);
    const promptId = randomUUID();
    variant.promptId = promptId;
    await this.images.storeVariants(render.request.messageId, storedVariants(render.variants));
    const values = { ...this.valuesOf(render, variant), ...(image === null ? {} : { image }) };
    const graph = fillWorkflow(workflow.graph, workflow, values, `baton/${promptId}`);
    return render
      .timed('render', () => this.engine.render({ promptId, sampler, output, graph }, door, listener))
      .catch((error: unknown) => {
        if (codeOf(error) === 'image.workflow_rejected') this.workflows.doubt(workflow);
        throw error;
      });
  }

  private valuesOf(render: ActiveRender, { seed }: Variant) {
    const { prompt, description, width, height } = render.request;
    const { steps, guidance, cfg, sampler, scheduler, denoise } = this.samplingOf(render);
    return {
      prompt: prompt ?? description,
      seed,
      width,
      height,
      steps,
      guidance,
      cfg,
      sampler,
      scheduler,
      denoise,
    };
  }

  /** The picture to begin with, under the name by which the graph finds it; the same bytes have the same name. */
  private async bring(render: ActiveRender, door: EngineDoor): Promise<string | null> {
    const { reference } = render;
    if (reference === null) return null;
    const isWhole = render.request.kind === 'upscale';
    const bytes = await this.files.forGeneration(reference.fileName, isWhole);
    const name = `${reference.sha256.slice(0, 32)}${isWhole ? '' : '-s'}.png`;
    return render.timed('upload', () => this.engine.bring({ name, bytes }, door));
  }

  private listenerOf(
    render: ActiveRender,
    { graph, sampler }: PreparedWorkflow,
    { index }: Variant,
    heard: () => void,
  ): RenderListener {
    const { messageId, userId } = render.request;
    return {
      progress: (step, steps) => {
        heard();
        render.progress(index, step, steps);
      },
      node: (id) => {
        const node = graph[id];
        if (id !== sampler && node !== undefined) render.atNode(index, node._meta?.title ?? node.class_type);
      },
      preview: (picture, contentType) => {
        const revision = this.previews.put(messageId, { userId, contentType, picture });
        render.log.append({ type: 'preview', revision });
      },
    };
  }

  /** File first, then the row that names it: a name that is told has its file. */
  private async keep(render: ActiveRender, variant: Variant, bytes: Buffer): Promise<void> {
    const { messageId, userId, prompt, description } = render.request;
    const picture = await this.files.storeRendered(bytes);
    try {
      const image = {
        ...picture,
        messageId,
        userId,
        variant: variant.index,
        seed: variant.seed,
        settings: this.samplingOf(render),
        model: this.settings.model,
        isSimulated: this.settings.isSimulated,
        createdAt: this.clock.now(),
      };
      const id = await this.images.addImage(image, `${prompt ?? ''}\n${description}`);
      render.finished({ ...image, id });
      await this.files.settled(picture.fileName);
    } catch (error) {
      await this.files.remove(picture.fileName);
      throw error;
    }
  }
}
