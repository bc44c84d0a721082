/**
 * How an engine's process is reached. Not concurrent: `ManagedEngine`, its only caller, asks for one thing at a time.
 */
export interface EngineDriver {
  /** `child`: started and stopped by us. `attached`: it was running before us, and `stop` does nothing to it. */
  readonly kind: 'child' | 'attached';

  /** `http://host:port` without a slash at its end, or null while a child has never been started. */
  readonly url: string | null;

  /**
   * Sees to it that the process exists; whether it answers yet is another question. Idempotent.
   *
   * @throws AppError `engine.start_failed` when there is no such program or its port is taken
   */
  start(): Promise<void>;

  /**
   * Ends the process and everything it has started, gently first and then by force. Resolves when all of it is gone;
   * idempotent. On an attached engine it does nothing.
   */
  stop(): Promise<void>;

  /** Called each time the process ended without `stop`. */
  onExit(listener: (exit: EngineExit) => void): () => void;
}

export interface EngineExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines the engine printed: for a person who looks for the cause, not for the log. */
  readonly lastOutput: readonly string[];
}

/** Says whether the engine behind an address answers. Resolves with false for "not yet"; never rejects. */
export type ReadinessProbe = (url: string, signal: AbortSignal) => Promise<boolean>;
