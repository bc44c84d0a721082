import type { AnswerFormat, EndEvent, MessageDetails, ReplyEvent, Usage } from '@baton/contracts';
import type { ReplyTask } from '../chats/exchange.ts';
import type { EngineMessage } from '../engines/chat-engine.ts';

/** Injection tokens of what may come before an answer. Each is optional: without a provider nothing comes before. */
export const BEFORE_ANSWER = Symbol('BEFORE_ANSWER');
export const ANSWERED_BEFORE = Symbol('ANSWERED_BEFORE');

/** A question to the model beside the answer, under the same seat. */
export interface SideQuestion {
  readonly messages: readonly EngineMessage[];
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly format?: AnswerFormat;
}

/** One attempt at an answer, when it has its seat and the model has not been asked yet. */
export interface AnswerTurn {
  readonly task: ReplyTask;
  /** What the model will be asked, system prompt included. */
  readonly messages: readonly EngineMessage[];
  /** What is known about the answer so far; kept from one attempt to the next, and told with the end. */
  readonly details: MessageDetails;
  readonly signal: AbortSignal;
  /** The same model's whole answer to something else; thinking is off. Nothing of it is shown. */
  ask(question: SideQuestion): Promise<string>;
  /** Into the reply log: a state (`searching`), or sources. */
  tell(event: Extract<ReplyEvent, { type: 'state' | 'sources' }>): void;
  /** Adds a message of role `system` right before the question: rules of ours. */
  addSystem(text: string): void;
  /** Adds a message of role `user` there: what others wrote, which is no rule. */
  addMaterial(text: string): void;
  note(details: Partial<MessageDetails>): void;
}

/** Work that belongs to an answer and comes before it: a web search, for example. */
export interface BeforeAnswer {
  /** Cheap: whether `prepare` has anything to do for this task. */
  isFor(task: ReplyTask): boolean;
  /** Told when such a reply begins to wait for its seat: what needs no model can begin meanwhile. Must not throw. */
  early?(task: ReplyTask, signal: AbortSignal): void;
  /** @throws AppError and the attempt fails with it */
  prepare(turn: AnswerTurn): Promise<void>;
}

/** An answer that is there already. */
export interface ReadyAnswer {
  readonly text: string;
  readonly thinking: string;
  readonly usage: Usage | null;
  readonly details: MessageDetails;
}

/** Answers given before: asked before any place is. */
export interface AnsweredBefore {
  /**
   * Null at once when this task is none to look for, so that nothing is waited for. `prompt` reads what the model would be
   * asked. Must not throw, and must give up by itself after a moment.
   */
  find(task: ReplyTask, prompt: () => Promise<readonly EngineMessage[]>): Promise<ReadyAnswer | null> | null;
}

/** A reply whose end is stored and logged. */
export interface EndedAnswer {
  readonly task: ReplyTask;
  readonly end: EndEvent;
  readonly text: string;
  readonly thinking: string;
  /** What the model was asked; empty when it was not asked at all. */
  readonly prompt: readonly EngineMessage[];
}

/** Told after each end, in the background: `EndingsService.onEnd(listener)`. What it throws is logged. */
export type EndListener = (ended: EndedAnswer) => unknown;
