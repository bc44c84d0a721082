import type { SamplerSettings } from '@baton/contracts';
import type { EngineDoor } from './engine-door.ts';

/** A picture to be made from words. */
export interface RenderOrder {
  /** Lower-case UUID, chosen by us and never used for two orders: what a render is found again by. */
  readonly promptId: string;
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly settings: SamplerSettings;
  readonly checkpoint: string;
}

export interface RenderListener {
  /** Sampling steps, 1 to `steps`; some may be left out. */
  progress(step: number, steps: number): void;
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
  follow(promptId: string, door: EngineDoor, listener: RenderListener): Promise<Buffer>;
}
