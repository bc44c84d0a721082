import type { EngineDoor } from '../engines/engine-door.ts';
import type { ProposedSettings } from '../sampling/sampling.ts';

/** What somebody wants to see. */
export interface Wish {
  /** In any language. */
  readonly description: string;
  /** What the picture that it shall be made out of shows; null when it is made from words. */
  readonly seen: string | null;
  /** Whether it is made out of a picture: then settings are proposed, be it described or not. */
  readonly isChange: boolean;
}

export interface WrittenPrompt {
  readonly prompt: string;
  /** `user`: the model talked nonsense, so the description is used as it is. */
  readonly by: 'model' | 'user';
  /** Null when none were asked for, or they were nonsense. */
  readonly settings: ProposedSettings | null;
}

/**
 * Language work for pictures, done by models of Ollama. Needs a lease of the lane; both kinds of work belong under one.
 *
 * Both throw AppError `engine.unavailable`, `engine.failed`, `engine.out_of_memory`, `engine.stalled`, `model.unknown`,
 * `gpu.lease_lost`, and the door's reason when its signal was aborted.
 */
export interface PictureLanguage {
  /** What a picture (JPEG) shows, in English; null when the model talks nonsense. */
  describe(picture: Buffer, model: string, door: EngineDoor): Promise<string | null>;

  /** A prompt for Flux, out of a wish in any language. */
  write(wish: Wish, model: string, door: EngineDoor): Promise<WrittenPrompt>;
}
