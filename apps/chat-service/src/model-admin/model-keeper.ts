/** What was done to a model. */
export interface Kept {
  /** `accepted`: it will be, when its turn on the GPU comes or when nobody uses the model any more. */
  readonly state: 'done' | 'accepted';
  readonly freedBytes: number | null;
}

/**
 * The way to change the models of one server. Many calls may be under way; each names one model, and the server sorts out
 * those that meet. Models are named as Ollama takes them, a namespace with a slash included.
 */
export interface ModelKeeper {
  /** @throws AppError `model.unknown`, `engine.*`, `call.*` */
  load(model: string): Promise<Kept>;
  /** @throws AppError `model.unknown`, `model.in_use`, `engine.*`, `call.*` */
  unload(model: string): Promise<Kept>;
  /** From memory and from the disk. @throws AppError as `unload` */
  delete(model: string): Promise<Kept>;
  /**
   * The lines of a download, as Ollama sends them. Ends early when the connection does; a later one goes on where it was.
   *
   * @throws AppError `model.unknown` for a name that is none, `engine.*`, `call.unreachable`, the signal's reason
   */
  pull(model: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
