import { AppError, type FieldIssue } from '@baton/kernel';
import { Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { EngineDoor } from '../engines/engine-door.ts';
import type { ImageEngine } from '../engines/image-engine.ts';
import { IMAGE_ENGINE, WORKFLOW_SETTINGS, type WorkflowSettings } from '../tokens.ts';
import { problemsOf, type ObjectInfo } from './check-workflow.ts';
import { fluxImageToImage, fluxTextToImage } from './flux-workflows.ts';
import {
  WorkflowUnusable,
  prepareUpscale,
  prepareWorkflow,
  readWorkflow,
  type PreparedWorkflow,
} from './read-workflow.ts';

export const WORKFLOW_KINDS = ['text', 'image', 'upscale'] as const;
export type WorkflowKind = (typeof WORKFLOW_KINDS)[number];

/** What a graph must be able to take, or requests of its kind would be ignored in silence. */
const NEEDED = { text: ['prompt'], image: ['prompt', 'image'], upscale: ['image'] } as const;
const MAX_NAMED_PROBLEMS = 5;

type Loaded = PreparedWorkflow | WorkflowUnusable | null;

/**
 * The graphs that make pictures: built in, or a user's own. A file that is of no use keeps its kind of request from being
 * taken, with the reason in the log and in the answer, and nothing else.
 */
@Injectable()
export class WorkflowsService {
  private readonly engine: ImageEngine;
  private readonly log: Log;
  private readonly byKind: Readonly<Record<WorkflowKind, Loaded>>;
  /** Graphs that fitted ComfyUI when they were last looked at. */
  private readonly fitting = new Set<string>();

  constructor(
    @Inject(WORKFLOW_SETTINGS) settings: WorkflowSettings,
    @Inject(IMAGE_ENGINE) engine: ImageEngine,
    log: Log,
  ) {
    this.engine = engine;
    this.log = log;
    const { files, textPath, imagePath, upscalePath } = settings;
    this.byKind = {
      text: this.load('text', () =>
        textPath === null ? prepareWorkflow('built in', fluxTextToImage(files)) : readWorkflow(textPath),
      ),
      image: this.load('image', () =>
        imagePath === null ? prepareWorkflow('built in', fluxImageToImage(files)) : readWorkflow(imagePath),
      ),
      upscale: upscalePath === null ? null : this.load('upscale', () => prepareUpscale(upscalePath)),
    };
  }

  /** @throws AppError `image.workflow_invalid`; `image.no_upscaler` */
  get(kind: WorkflowKind): PreparedWorkflow {
    const loaded = this.byKind[kind];
    if (loaded === null) throw new AppError('image.no_upscaler');
    if (loaded instanceof WorkflowUnusable) throw invalid([loaded.message]);
    return loaded;
  }

  /** As `get`; null for one that is of no use, or not there. */
  find(kind: WorkflowKind): PreparedWorkflow | null {
    const loaded = this.byKind[kind];
    return loaded instanceof WorkflowUnusable ? null : loaded;
  }

  /**
   * Whether ComfyUI has every node, input and file that a graph names; asked once for each graph, before its first use.
   *
   * @throws AppError `image.workflow_invalid`, and what the engine throws
   */
  async ensureFits(workflow: PreparedWorkflow, door: EngineDoor): Promise<void> {
    if (this.fitting.has(workflow.hash)) return;
    const problems = misfitsOf(workflow, await this.engine.describe(classesOf(workflow), door));
    if (problems.length > 0) {
      this.log.error('workflow.misfit', invalid(problems), { workflow: workflow.name, problems });
      throw invalid(problems);
    }
    this.fitting.add(workflow.hash);
  }

  /** ComfyUI refused a graph that had fitted: it may be another ComfyUI by now. */
  doubt({ hash }: PreparedWorkflow): void {
    this.fitting.delete(hash);
  }

  private load(kind: WorkflowKind, read: () => PreparedWorkflow): Loaded {
    try {
      const loaded = read();
      const missing = NEEDED[kind].filter((slot) => (loaded.slots[slot] ?? []).length === 0);
      if (missing.length === 0) return loaded;
      throw new WorkflowUnusable(`${loaded.name}: it is not clear where "${missing.join('", "')}" goes`);
    } catch (error) {
      if (!(error instanceof WorkflowUnusable)) throw error;
      this.log.error('workflow.unusable', invalid([error.message]), { kind, problem: error.message });
      return error;
    }
  }
}

export function classesOf({ graph }: PreparedWorkflow): string[] {
  return [...new Set(Object.values(graph).map((node) => node.class_type))];
}

/** What is wrong with a graph for a ComfyUI that says this about its nodes; empty when it fits. */
export function misfitsOf({ name, graph, slots }: PreparedWorkflow, known: ObjectInfo): string[] {
  const free = new Set(
    Object.values(slots).flatMap((list) => list.map((slot) => `${slot.node}.${slot.input}`)),
  );
  return problemsOf(graph, known, free).map((problem) => `${name}: ${problem}`);
}

export function invalid(problems: readonly string[]): AppError {
  const issues: FieldIssue[] = problems
    .slice(0, MAX_NAMED_PROBLEMS)
    .map((message) => ({ path: 'workflow', message }));
  return new AppError('image.workflow_invalid', { problems: problems.length }, { issues });
}
