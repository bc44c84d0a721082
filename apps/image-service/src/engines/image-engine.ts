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
  /** The engine has begun; until the first step it may be loading for minutes. */
  started(): void;
  /** Sampling steps, 1 to `steps`; some may be left out. */
  progress(step: number, steps: number): void;
  /** A JPEG or PNG of the picture as it is so far. */
  preview(picture: Buffer, contentType: string): void;
}

/** A model server that makes pictures. Needs a lease of the `comfyui` lane. */
export interface ImageEngine {
  /**
   * Makes the picture and resolves with its bytes when the execution has really ended. An order that the engine knows
   * already (its submitter died) is followed and not submitted again.
   *
   * @throws AppError `engine.unavailable`, `engine.failed`, `engine.out_of_memory`, `engine.stalled`,
   *   `image.workflow_rejected`, `image.interrupted`; the door's reason when its signal was aborted
   */
  render(order: RenderOrder, door: EngineDoor, listener: RenderListener): Promise<Buffer>;
}
