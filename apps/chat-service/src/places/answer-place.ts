import type { AnswerEngine, GpuUrgency, ModelServer, TimelineEntry, WaitingView } from '@baton/contracts';
import type { ChatEngine, EngineDoor } from '../engines/chat-engine.ts';

/** One answer that wants a place. */
export interface SeatRequest {
  /** Names the attempt; a new attempt needs a new id. */
  readonly jobId: string;
  readonly userId: number;
  readonly chatId: number;
  readonly replyId: number;
  readonly model: string;
  /** Expected time of the answer, without waiting. */
  readonly estimateMs: number;
  readonly urgency: GpuUrgency;
  /** Aborted: the answer is not wanted here any more, whether it waits or is under way. */
  readonly signal: AbortSignal;
  /** Where it stands while it waits. */
  readonly onWaiting: (view: WaitingView) => void;
  /**
   * Told once, when the place has nothing to do for this answer any more: out of the queue, its connection closed, its slot
   * free. May come before or after `use` settles, and never where nobody can tell (`isQuiet` false: it is not idle yet).
   */
  readonly onFreed?: (freed: { readonly isQuiet: boolean }) => void;
}

/** The permission to make one answer at a place. */
export interface Seat {
  readonly door: EngineDoor;
  /** How long it was waited for, and the hand-over of the GPU that was part of it. */
  readonly timeline: Pick<TimelineEntry, 'swap'> & { readonly queuedMs: number };
  /** The model has begun to answer: the place works. */
  readonly heard: () => void;
  /** The true cause of a failure under this seat: a connection that was cut because the seat was lost is the lost seat. */
  readonly causeOf: (error: unknown) => Promise<unknown>;
}

/** What is known of a server. */
export interface ServerView extends ModelServer {
  /** A model that is not in the list is not installed. False while nobody could tell. */
  readonly isListCertain: boolean;
}

/**
 * Where an answer can be made: the GPU nodes under a lease, another Ollama with slots of its own, or the CPU engine. Many
 * answers may be under way at once; each waits for its seat.
 */
export interface AnswerPlace {
  /** `main`, `1`, `2`, …, `local`. */
  readonly server: string;
  readonly kind: ModelServer['place'];
  /** As it stands in a message's details and timeline. */
  readonly engineName: Exclude<AnswerEngine, 'cache'>;
  readonly engine: ChatEngine;
  /** From memory: asks nobody, waits for nothing. */
  view(): ServerView;
  /** Looks now, for whoever may wait for it; one look at a time. Never throws: what it found is in the view. */
  look(): Promise<void>;
  /**
   * Waits for a seat, holds it while `work` runs, gives it back whatever happens.
   *
   * @throws AppError `gpu.job_cancelled` when the signal was aborted; `gpu.*`, `engine.unavailable` when there was no seat
   *   to be had; and what `work` throws
   */
  use<T>(request: SeatRequest, work: (seat: Seat) => Promise<T>): Promise<T>;
}
