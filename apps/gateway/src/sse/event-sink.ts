export interface ServerEvent {
  readonly event: string;
  /** The event's data as JSON text, which holds no line break. */
  readonly json: string;
  /** What the reader quotes to go on behind this event; an event that stands in no log has none. */
  readonly id?: number | string;
}

/** Where events go: one reader, over SSE or as one of the replies that a WebSocket follows. */
export interface EventSink {
  /** Aborted when the reader is gone or was sent away; nothing can be written from then on. */
  readonly signal: AbortSignal;
  /** Says that events will follow. A failure before it is still an ordinary error answer. */
  start(): void;
  /** Never waits. A reader for whom too much would have to be kept is sent away. */
  write(event: ServerEvent): void;
  /** True while the reader has not taken what it was sent; a source that can wait or skip should. */
  readonly isCongested: boolean;
  /** Resolves when the reader has room again or is gone; sends it away when that takes too long. */
  drained(): Promise<void>;
}
