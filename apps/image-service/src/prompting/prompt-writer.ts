import type { EngineDoor } from '../engines/engine-door.ts';

export interface WrittenPrompt {
  readonly prompt: string;
  /** `user`: the model talked nonsense, so the description is used as it is. */
  readonly by: 'model' | 'user';
}

/** Turns a description in any language into a prompt for Flux. Needs a lease of the model's lane. */
export interface PromptWriter {
  /**
   * @throws AppError `engine.unavailable`, `engine.failed`, `engine.out_of_memory`, `engine.stalled`, `model.unknown`,
   *   `gpu.lease_lost`; the door's reason when its signal was aborted
   */
  write(description: string, model: string, door: EngineDoor): Promise<WrittenPrompt>;
}
