/** What each role of the simulator needs to start. `config.ts` fills these from flags and environment. */

/** Common to every role. Port 0 asks the system for a free one. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Merged into the control state before the first request, in the shape of `PUT /__control`. */
  readonly control?: unknown;
  /** Asked for at `/__control`; without one, whoever reaches the port may change everything. */
  readonly controlKey?: string | undefined;
}

export interface CardOptions extends ListenOptions {
  readonly totalMib: number;
}

/** Common to both engines. Without a card the engine keeps a private, unlimited ledger. */
export interface EngineOptions extends ListenOptions {
  readonly card?: string | undefined;
  /** How the program ends when a fault says "crash". Tests in one process pass their own. */
  readonly crash?: () => void;
}

export interface OllamaOptions extends EngineOptions {
  /** The environment names of the real program, already parsed. */
  readonly numParallel: number;
  readonly maxLoadedModels: number;
  readonly maxQueue: number;
  /** Default keep-alive as the real program takes it: `5m`, `-1`, `0`, `300`. */
  readonly keepAlive: string;
  /** 0 chooses by the size of the card, as the real program does. */
  readonly contextLength: number;
}

export interface ComfyuiOptions extends EngineOptions {
  /** Folder for `input/`, `output/` and `temp/`; created when missing. */
  readonly dataDir: string;
}

/** A role that runs. `close` ends every connection and timer and resolves when nothing is left. */
export interface RunningRole {
  readonly url: string;
  close(): Promise<void>;
  /** Set for a program that knows no SIGTERM: it dies of it at once, and clients see a reset connection. */
  readonly knowsNoSigterm?: true;
  /** True while a fault says that the signal to end in order is ignored. */
  isDeaf?(): boolean;
}
