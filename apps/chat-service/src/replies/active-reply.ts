import type {
  AnswerEngine,
  MessageDetails,
  ReplyState,
  Routing,
  TimelineEntry,
  Usage,
} from '@baton/contracts';
import { WaitingState } from '@baton/gpu-lease';
import type { ErrorCode } from '@baton/kernel';
import type { ReplyLog } from '@baton/platform';
import type { ReplyTask } from '../chats/exchange.ts';
import type { EngineMessage } from '../engines/chat-engine.ts';
import type { ReadyAnswer } from './answer-hooks.ts';
import type { Receipt, Stay } from './stop-receipt.ts';

/** Who makes the answer now. */
export interface Answerer {
  readonly server: string;
  readonly engine: Exclude<AnswerEngine, 'cache'>;
  readonly model: string;
}

/** Where a reply is told to go, and as what. */
export interface Destination {
  readonly server: string;
  readonly model: string;
}

/** A reply that this process is making: what has come of it so far. */
export class ActiveReply {
  readonly task: ReplyTask;
  readonly log: ReplyLog;
  /** Aborting ends the reply in whatever state it is; the reason tells how it is stored. */
  readonly stop = new AbortController();
  readonly progress: WaitingState;
  /** One entry for each time a place was held. */
  readonly timeline: TimelineEntry[] = [];
  /** The attempts that failed, oldest first. */
  readonly failures: { readonly code: ErrorCode; readonly instance: string | null }[] = [];
  /** Servers that are not asked again for this reply. */
  readonly tried = new Set<string>();
  /** What is known about the answer so far; told with its end. */
  details: MessageDetails;
  attempt: number;
  /** The model that is asked: not the one of the task any more when the reply was moved. */
  model: string;
  /** Set when the reply was moved: no other place is looked for. */
  destination: Destination | null = null;
  text = '';
  thinking = '';
  usage: Usage | null = null;
  /** From the engine taking the question to its last token; null until there is one. */
  answerMs: number | null = null;
  /** What the model was asked last. */
  prompt: readonly EngineMessage[] = [];
  private leave = new AbortController();
  private stay: Stay | null = null;
  private stoppedAtMs: number | null = null;

  constructor(task: ReplyTask, log: ReplyLog) {
    this.task = task;
    this.log = log;
    this.attempt = task.attempt;
    this.model = task.model;
    this.details = task.details;
    this.progress = new WaitingState((event) => {
      if (event.state === 'queued') log.appendSoon(event);
      else log.append(event);
    });
  }

  get state(): ReplyState {
    return this.progress.state;
  }

  get jobId(): string {
    return `reply-${this.task.replyId}-${this.attempt}`;
  }

  /** Something of the answer was shown: from here on there is no second attempt, and no other place. */
  get isShown(): boolean {
    return this.text !== '' || this.thinking !== '';
  }

  note(details: Partial<MessageDetails>): void {
    this.details = { ...this.details, ...details };
  }

  addText(text: string): void {
    this.progress.say({ type: 'state', state: 'streaming' });
    this.text += text;
    this.log.append({ type: 'text', text });
  }

  addThinking(text: string): void {
    this.progress.say({ type: 'state', state: 'streaming' });
    this.thinking += text;
    this.log.append({ type: 'thinking', text });
  }

  /** What was asked for, before anybody chose or something failed: a model or a kind of work. */
  get asked(): string {
    return this.details.routing?.asked ?? this.task.model;
  }

  /** Another answers than the one asked for. */
  tellRouting(routing: Routing): void {
    this.note({ routing });
    this.log.append({ type: 'routed', routing });
  }

  /** An answer that is there already. */
  give({ text, thinking, usage, details }: ReadyAnswer): void {
    this.note(details);
    this.usage = usage;
    if (thinking !== '') this.addThinking(thinking);
    if (text !== '') this.addText(text);
  }

  /** A signal for one attempt: aborted by Stop, and when the reply is told to go elsewhere. */
  enter({ server, engine, model }: Answerer, stay: Stay): AbortSignal {
    this.stay = stay;
    this.leave = new AbortController();
    this.model = model;
    this.note({ engine, instance: server });
    return AbortSignal.any([this.stop.signal, this.leave.signal]);
  }

  /** The reader's Stop. The first one counts, also for the time that it takes. */
  cancel(reason: unknown, atMs: number): void {
    this.stoppedAtMs ??= atMs;
    this.stop.abort(reason);
  }

  /** How soon after Stop nothing was done for this reply any more; null without a Stop, and where nobody could tell. */
  async receipt(): Promise<Receipt | null> {
    if (this.stoppedAtMs === null) return null;
    return this.stay === null ? { idle_ms: 0, returned_ms: null } : this.stay.receipt(this.stoppedAtMs);
  }

  /** Leaves the place where the reply waits, for another. False when something was shown, or it is there already. */
  moveTo(destination: Destination): boolean {
    if (this.isShown || this.stop.signal.aborted || this.details.instance === destination.server)
      return false;
    this.destination = destination;
    this.leave.abort(MOVED);
    return true;
  }

  /** Whether the attempt under way ended because the reply was told to go elsewhere. */
  get hasLeft(): boolean {
    return this.leave.signal.aborted && !this.stop.signal.aborted;
  }
}

const MOVED = new Error('the reply goes to another place');
