import type { AnswerFormat, AnswerTimings, ThinkSetting, Usage } from '@baton/contracts';

export interface EngineMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  /** Pictures for a model that can see, each as plain base64 without a `data:` prefix. */
  readonly images?: readonly string[];
}

/** What a model is asked. */
export interface EngineRequest {
  readonly model: string;
  readonly messages: readonly EngineMessage[];
  readonly contextLength: number;
  readonly keepAlive: string | number;
  /** Null leaves the model's own, here and below. */
  readonly temperature: number | null;
  readonly topP: number | null;
  /** Null lets the model end by itself. */
  readonly maxTokens: number | null;
  /** Null says nothing about it: only a model that can think may be told to. */
  readonly think: ThinkSetting | null;
  readonly format: AnswerFormat | null;
}

/** How the engine is reached, and for how long. */
export interface EngineDoor {
  /** Base address of the engine, without a slash at its end; empty for an engine of our own. */
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
  /** What the model thinks before it answers; never part of the answer. */
  | { readonly type: 'thinking'; readonly text: string }
  | {
      readonly type: 'end';
      /** `length`: cut by `maxTokens` or the context. */
      readonly reason: 'stop' | 'length';
      readonly usage: Usage;
      readonly timings: AnswerTimings;
    };

/**
 * A model server that answers in words. One call is one answer; calls may run side by side.
 */
export interface ChatEngine {
  /**
   * Yields thinking and text as they come and, last of all, exactly one `end`. Pieces are never empty. A stream that ends
   * otherwise throws, and what it has yielded until then stands. Leaving the loop early closes the connection.
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
