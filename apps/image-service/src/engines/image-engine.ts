import type { ObjectInfo } from '../workflows/check-workflow.ts';
import type { Workflow } from '../workflows/workflow.ts';
import type { EngineDoor } from './engine-door.ts';

/** An order by which it is found again: its id, and which nodes of its graph to listen to. */
export interface GivenOrder {
  /** Lower-case UUID, chosen by us and never used for two orders: what a render is found again by. */
  readonly promptId: string;
  /** The node whose progress counts sampling steps. */
  readonly sampler: string;
  /** The node that saves the picture. */
  readonly output: string;
}

/** A picture to be made: a graph with everything in it. */
export interface RenderOrder extends GivenOrder {
  readonly graph: Workflow;
}

export interface RenderListener {
  /** Sampling steps, 1 to `steps`; some may be left out. */
  progress(step: number, steps: number): void;
  /** The engine is at this node of the graph now. */
  node(id: string): void;
  /** A JPEG or PNG of the picture as it is so far. */
  preview(picture: Buffer, contentType: string): void;
}

/**
 * A model server that makes pictures. Needs a lease of the `comfyui` lane. What fails here or is left by its signal may
 * still be running in the engine: the end of the lease ends it, since the guard sees to that.
 */
export interface ImageEngine {
  /** Whether an order given earlier is still of use: it waits, runs, or its picture is there. */
  has(promptId: string, door: EngineDoor): Promise<boolean>;

  /**
   * Gives an order and resolves with the picture's bytes when the execution has really ended.
   *
   * @throws AppError `engine.unavailable`, `engine.failed`, `engine.out_of_memory`, `engine.stalled`, `gpu.lease_lost`,
   *   `image.workflow_rejected`, `image.interrupted`, `image.render_failed`; the door's reason when its signal was aborted
   */
  render(order: RenderOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer>;

  /** As `render`, for an order that the engine has already: its submitter died. Nothing is given twice. */
  follow(order: GivenOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer>;

  /** Brings a picture to the engine, to begin with; resolves with the name by which graphs find it there. */
  bring(picture: { readonly name: string; readonly bytes: Buffer }, door: EngineDoor): Promise<string>;

  /** What the engine says about these node classes; one that it does not have is left out. */
  describe(classes: readonly string[], door: EngineDoor): Promise<ObjectInfo>;
}
