/** How an engine is reached under a lease. */
export interface EngineDoor {
  /** Base address of the engine behind the guard, without a slash at its end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the lease is lost or the request was stopped; the reason is an AppError. */
  readonly signal: AbortSignal;
}
