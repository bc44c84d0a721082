import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { replyLogKeys, type ReplyEvent } from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, RedisConnections, ReplyLogReader } from '@baton/platform';
import type { EventSink } from '../sse/event-sink.ts';

/** After so long without an event (twice that at most) the owner of the work is asked whether it has ended. */
const QUIET_MS = 30_000;

/** What a log is about, as its owner knows it without the log. */
export interface LoggedWork {
  readonly isOver: boolean;
  /** Stands for the whole log: for readers that come after it has expired. Ends with `end` when the work is over. */
  readonly whole: readonly ReplyEvent[];
}

export interface LogSource {
  readonly key: string;
  /** Byte offset behind the last event that the reader has; 0 is the beginning. */
  readonly after: number;
  /** What the reader calls that position, for the error that names it. */
  readonly afterField?: string;
  readonly work: LoggedWork;
  /** Asked in long silence, in case the log was lost. A rejection says nothing: it is asked again later. */
  readonly ask: () => Promise<LoggedWork>;
}

/**
 * Sends a log to one reader. Decided in this order:
 *   1. an offset that is no event's end is refused before anything is sent;
 *   2. a log that is there is sent from the offset and followed to its `end`;
 *   3. work that is over without a log (expired) is sent whole;
 *   4. other work without a log is waited for, from the start; a reader that had some of it begins anew.
 *
 * Who may read the log is the caller's to check.
 */
@Injectable()
export class LogStreamService implements OnModuleDestroy {
  private readonly logs: ReplyLogReader;
  private readonly redis: RedisConnections;
  private readonly clock: Clock;

  constructor(
    @Inject(ReplyLogReader) logs: ReplyLogReader,
    @Inject(RedisConnections) redis: RedisConnections,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.logs = logs;
    this.redis = redis;
    this.clock = clock;
  }

  onModuleDestroy(): void {
    this.logs.close();
  }

  /** @throws AppError `request.invalid` for an offset that is not an event's end, `store.unavailable` without Redis */
  async send(sink: EventSink, source: LogSource): Promise<void> {
    const { after, work } = source;
    // A fresh reader of work under way is the usual case, and needs no look at Redis: whatever comes is for it.
    if (after === 0 && !work.isOver) return this.follow(sink, source);
    const hasLog = await this.checkOffset(source);
    sink.start();
    if (hasLog) return this.follow(sink, source);
    if (work.isOver) {
      writeWhole(sink, work);
      return;
    }
    // Id 0: a reader that is cut here has nothing, and says so when it comes back.
    writeWhole(sink, work, 0);
    return this.follow(sink, { ...source, after: 0 });
  }

  /** Sends what is behind `after` and what comes, up to the `end`, the reader's leaving, or the end of the work. */
  private async follow(sink: EventSink, { key, after, ask }: LogSource): Promise<void> {
    sink.start();
    const silence = new Silence(this.clock, ask);
    try {
      const signal = AbortSignal.any([sink.signal, silence.broken]);
      for await (const { offset, event, json } of this.logs.follow(key, { after, signal })) {
        silence.interrupt();
        sink.write({ id: offset, event: event.type, json });
        if (event.type === 'end') return;
        if (sink.isCongested) await sink.drained();
      }
    } finally {
      silence.end();
    }
    if (silence.over !== undefined && !sink.signal.aborted) writeWhole(sink, silence.over);
  }

  /** True when there is a log and `after` is the end of one of its events (or its beginning), false without a log. */
  private async checkOffset({ key, after, afterField = 'Last-Event-ID' }: LogSource): Promise<boolean> {
    const log = replyLogKeys.log(key);
    const [length, before] = await Promise.all([
      this.redis.shared.strlen(log),
      after === 0 ? '\n' : this.redis.shared.getrange(log, after - 1, after - 1),
    ]).catch((error: unknown) => {
      throw new AppError('store.unavailable', { key }, { cause: error });
    });
    if (length === 0) return false;
    if (after > length || before !== '\n') {
      throw new AppError(
        'request.invalid',
        { key, after, length },
        { issues: [{ path: afterField, message: 'must be the id of an event of this reply' }] },
      );
    }
    return true;
  }
}

/** Events that stand in no log have no position to come back to, so they carry no id of their own. */
function writeWhole(sink: EventSink, { whole }: LoggedWork, id?: number): void {
  for (const event of whole) {
    sink.write({ event: event.type, json: JSON.stringify(event), ...(id === undefined ? {} : { id }) });
  }
}

/** Watches over a log in which nothing happens: the work may have ended without a word, when its log was lost. */
class Silence {
  /** Set before `broken` is aborted: how the work ended. */
  over: LoggedWork | undefined;
  private readonly clock: Clock;
  private readonly ask: () => Promise<LoggedWork>;
  private readonly breaking = new AbortController();
  private cancel: () => void = () => undefined;
  private wasInterrupted = false;
  private hasEnded = false;

  constructor(clock: Clock, ask: () => Promise<LoggedWork>) {
    this.clock = clock;
    this.ask = ask;
    this.listen();
  }

  get broken(): AbortSignal {
    return this.breaking.signal;
  }

  /** Something came. Costs next to nothing, because it is called for each token: the timer runs on. */
  interrupt(): void {
    this.wasInterrupted = true;
  }

  end(): void {
    this.hasEnded = true;
    this.cancel();
  }

  private listen(): void {
    if (this.hasEnded) return;
    this.cancel = this.clock.after(QUIET_MS, () => {
      const wasQuiet = !this.wasInterrupted;
      this.wasInterrupted = false;
      if (wasQuiet) void this.look();
      else this.listen();
    });
  }

  private async look(): Promise<void> {
    // A service that is down now says nothing about the work.
    const work = await this.ask().catch(() => undefined);
    if (this.hasEnded) return;
    if (work?.isOver === true) {
      this.over = work;
      this.breaking.abort();
    } else {
      this.listen();
    }
  }
}
