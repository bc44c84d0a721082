import type { EventSink, ServerEvent } from '../sse/event-sink.ts';
import type { SocketOutlet } from './socket-outlet.ts';

/** One of the replies that a WebSocket follows. */
export class FollowedReply implements EventSink {
  private readonly replyId: number;
  private readonly outlet: SocketOutlet;
  private readonly leaving = new AbortController();

  constructor(replyId: number, outlet: SocketOutlet) {
    this.replyId = replyId;
    this.outlet = outlet;
  }

  get signal(): AbortSignal {
    return this.leaving.signal;
  }

  /** A WebSocket has nothing to say before the first event. */
  start(): void {
    // The follow was asked for on a connection that is open already.
  }

  write({ id, json }: ServerEvent): void {
    if (this.signal.aborted) return;
    // Put together as text: the event is JSON already, as it stands in the log.
    this.outlet.sendText(
      `{"type":"event","reply_id":${this.replyId},"id":${id === undefined ? 'null' : id},"event":${json}}`,
    );
  }

  get isCongested(): boolean {
    return this.outlet.isCongested;
  }

  drained(): Promise<void> {
    return this.outlet.drained(this.signal);
  }

  leave(): void {
    this.leaving.abort('left');
  }
}
