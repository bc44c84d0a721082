import type { Usage } from '@baton/contracts';

export interface EngineMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What a model is asked. */
export interface EngineRequest {
  readonly model: string;
  readonly messages: readonly EngineMessage[];
  readonly contextLength: number;
  readonly keepAlive: string | number;
  /** Null leaves the model's own. */
  readonly temperature: number | null;
  /** Null lets the model end by itself. */
  readonly maxTokens: number | null;
}

/** How the engine is reached under a lease. */
export interface EngineDoor {
  /** Base address of the engine behind the guard, without a slash at its end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborting closes the connection, which is the only way to stop Ollama. Its reason is what `stream` throws. */
  readonly signal: AbortSignal;
}

/** Silences that count as a failure (`engine.stalled`), in milliseconds. */
export interface EnginePatience {
  readonly firstTokenMs: number;
  readonly stallMs: number;
}

export type EngineOutput =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'end';
      /** `length`: cut by `maxTokens` or the context. */
      readonly reason: 'stop' | 'length';
      readonly usage: Usage;
    };

/**
 * A model server that answers in words. One call is one answer; calls may run side by side.
 */
export interface ChatEngine {
  /**
   * Yields text as it comes and, last of all, exactly one `end`. Text is never empty. A stream that ends otherwise
   * throws, and what it has yielded until then stands. Leaving the loop early closes the connection.
   *
   * @throws AppError `engine.unavailable`, `engine.failed`, `engine.rejected`, `engine.out_of_memory`,
   *   `engine.truncated`, `engine.stalled`, `model.unknown`, `gpu.lease_lost`; the signal's reason when it was aborted
   */
  stream(
    request: EngineRequest,
    door: EngineDoor,
    patience: EnginePatience,
  ): AsyncGenerator<EngineOutput, void, undefined>;
}
