export type DriverKind = 'child' | 'attached' | 'systemd' | 'docker' | 'kubernetes' | 'external';

/**
 * How an engine's process is reached. Not concurrent: `ManagedEngine`, its only caller, asks for one thing at a time.
 * Every driver passes the same suite, `testing/engine-driver-contract.ts`.
 */
export interface EngineDriver {
  readonly kind: DriverKind;

  /** True when `stop` really ends the engine: it is ours, or its owner has said how it may be stopped. */
  readonly canStop: boolean;

  /** `http://host:port` without a slash at its end, or null while a child has never been started. */
  readonly url: string | null;

  /** Null where this driver has no way to what the engine prints. */
  readonly logs: EngineLogs | null;

  /**
   * Whether the engine runs already, by an earlier life of ours or by its owner's hand; from then on its end is told.
   * Asked once, before anything else. An engine whose state cannot be read counts as not running.
   */
  adopt(): Promise<boolean>;

  /**
   * Sees to it that the process exists; whether it answers yet is another question. Idempotent. The signal ends the wait
   * with its reason; what has begun by then may go on and is for `stop` to end.
   *
   * @throws AppError `engine.start_failed` with its cause: no such program, unit, container or workload, its port taken
   */
  start(signal: AbortSignal): Promise<void>;

  /**
   * Ends the process and everything it has started, gently first and then by force. Resolves when all of it is gone;
   * idempotent. Without `canStop` it does nothing.
   *
   * @throws AppError `engine.failed` when something of it would not go; `start` then refuses until it has gone
   */
  stop(): Promise<void>;

  /**
   * Kills what the engine has started and not the engine itself: Ollama's runner of a model that hangs. Resolves with
   * how many processes that were; 0 where this driver cannot tell them apart.
   */
  endWorkers(): Promise<number>;

  /** Called once each time the process ended without `stop`. A driver that cannot see it never calls. */
  onExit(listener: (exit: EngineExit) => void): () => void;

  /** Stops looking on, for the end of our own process; leaves the engine as it is. A child is stopped before. */
  close(): Promise<void>;
}

export interface EngineExit {
  /** Null where only the fact is known. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The last lines the engine printed: for a person who looks for the cause, not for the log. */
  readonly lastOutput: readonly string[];
}

export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

export interface LogQuery {
  /** How many of the last lines to begin with. */
  readonly lines: number;
  /** True: goes on with every new line until the signal is aborted. */
  readonly follows: boolean;
  readonly signal: AbortSignal;
}

/** What the engine printed, oldest first. Read at the reader's pace: a slow one holds nobody up and costs no memory. */
export interface EngineLogs {
  /** Ends without an error when the signal is aborted. @throws AppError `engine.unavailable` when they cannot be read */
  read(query: LogQuery): AsyncIterable<LogLine>;
}

/** Says whether the engine behind an address answers. Resolves with false for "not yet"; never rejects. */
export type ReadinessProbe = (url: string, signal: AbortSignal) => Promise<boolean>;
