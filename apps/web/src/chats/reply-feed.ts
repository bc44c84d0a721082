import { isFinalState, type Message } from '@baton/contracts';
import { seenReplyEvent } from '../gpu/known-reason.ts';
import { applyReplyEvent, freshReply, type ReplyView } from './reply.ts';

interface FeedParts {
  /** Reads the log of a message from its beginning until its end or the abort. */
  readonly read: (
    messageId: number,
    onEvent: (event: FeedEvent) => 'go-on' | 'stop',
    signal: AbortSignal,
  ) => void;
  /** Runs once before the next picture is painted; the returned function takes it back. */
  readonly beforePaint: (run: () => void) => () => void;
  readonly onEnd: (message: Message, view: ReplyView) => void;
}

export interface FeedEvent {
  readonly id?: string | undefined;
  readonly data: string;
}

/** One running answer: reads its log while somebody looks and keeps what it has read for who looks next. */
class Feed {
  private view: ReplyView;
  /** Ahead of `view` by what came in since the last paint. */
  private ahead: ReplyView;
  private reading: AbortController | null = null;
  private cancelPaint: (() => void) | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly message: Message,
    private readonly parts: FeedParts,
  ) {
    this.view = freshReply(message.state);
    this.ahead = this.view;
  }

  readonly snapshot = (): ReplyView => this.view;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (this.listeners.size === 1) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.close();
    };
  };

  close(): void {
    this.reading?.abort();
    this.reading = null;
    this.cancelPaint?.();
    this.cancelPaint = null;
  }

  private start(): void {
    if (this.ahead !== this.view) this.paintSoon();
    if (this.ahead.end !== null) return;
    // From the beginning again: the log is short, and what was seen before is known by its offset.
    this.reading = new AbortController();
    this.parts.read(this.message.id, (event) => this.take(event), this.reading.signal);
  }

  private take({ id, data }: FeedEvent): 'go-on' | 'stop' {
    const parsed = seenReplyEvent.safeParse(parseJson(data));
    // A kind of event that a newer gateway sends and this page does not know is no reason to break the answer.
    if (!parsed.success) return 'go-on';
    const offset = id !== undefined && /^\d+$/.test(id) ? Number(id) : null;
    this.ahead = applyReplyEvent(this.ahead, { offset, event: parsed.data });
    this.paintSoon();
    return this.ahead.end === null ? 'go-on' : 'stop';
  }

  private paintSoon(): void {
    this.cancelPaint ??= this.parts.beforePaint(() => this.paint());
  }

  /** Once per picture and not once per token: a long answer stays smooth. */
  private paint(): void {
    this.cancelPaint = null;
    const ended = this.view.end === null && this.ahead.end !== null;
    this.view = this.ahead;
    for (const listener of this.listeners) listener();
    if (ended) this.parts.onEnd(this.message, this.view);
  }
}

/** The running answers that this page shows, by message. */
export class ReplyFeeds {
  private readonly feeds = new Map<number, Feed>();

  constructor(private readonly parts: FeedParts) {}

  /** The feed of a message that runs; null when the stored message says all there is. */
  of(message: Message): Pick<Feed, 'subscribe' | 'snapshot'> | null {
    if (message.role === 'user' || isFinalState(message.state)) return null;
    const known = this.feeds.get(message.id);
    if (known) return known;
    const feed = new Feed(message, this.parts);
    this.feeds.set(message.id, feed);
    return feed;
  }

  /** The message is answered anew: what was read belongs to the answer before. */
  drop(messageId: number): void {
    this.feeds.get(messageId)?.close();
    this.feeds.delete(messageId);
  }

  closeAll(): void {
    for (const feed of this.feeds.values()) feed.close();
    this.feeds.clear();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
