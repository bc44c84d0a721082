import {
  WEBSOCKET_CLOSE,
  clientMessage,
  getReply,
  type ClientMessage,
  type ServerMessage,
} from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { runWithCorrelation, toProblem, type CallClient, type Log } from '@baton/platform';
import type { RawData, WebSocket } from 'ws';
import type { CurrentUser } from '../auth/current-user.ts';
import type { RequestLimits } from '../limits/request-limits.service.ts';
import type { ReplyStops } from '../replies/reply-stops.service.ts';
import type { ReplyStreamService } from '../replies/reply-stream.service.ts';
import type { EventStreamLimits } from '../sse/event-stream.ts';
import type { StreamSlots } from '../sse/stream-slots.service.ts';
import { FollowedReply } from './followed-reply.ts';
import { SocketOutlet } from './socket-outlet.ts';

/** A browser sends its token as soon as the connection is open. */
const AUTH_MS = 5_000;
/** So many messages wait for the one before them; with more, the connection is not read until there is room. */
const PENDING_MESSAGES = 16;
/** Twice the heartbeat: a slow reader may need that long to get to the ping. */
const UNANSWERED_PINGS = 2;

export interface SocketParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: EventStreamLimits;
  readonly requests: RequestLimits;
  readonly slots: StreamSlots;
  readonly chats: CallClient;
  readonly replies: ReplyStreamService;
  readonly stops: ReplyStops;
  /** @throws AppError of the kind `auth.…` */
  readonly userOf: (token: string) => Promise<CurrentUser>;
}

export interface SocketPeer {
  readonly address: string;
  readonly correlationId: string;
  /** From the `Authorization` header, for clients that can send one. */
  readonly token: string | undefined;
}

/** Who is at the other end, as of their last token. */
interface Session {
  readonly user: CurrentUser;
  readonly token: string;
  /** Gives back the connection's own slot. */
  readonly release: () => void;
}

/**
 * One WebSocket. Messages are taken one after the other, so that a `follow` behind an `auth` finds it done; what they start
 * runs side by side. The token is looked at again with each message: an account that was shut stops here as well.
 */
export class EventSocket {
  private readonly socket: WebSocket;
  private readonly parts: SocketParts;
  private readonly peer: SocketPeer;
  private readonly outlet: SocketOutlet;
  private readonly follows = new Map<number, FollowedReply>();
  private session: Session | undefined;
  private work: Promise<void> = Promise.resolve();
  private pending = 0;
  private unanswered = 0;
  private cancelDeadline: () => void;
  private cancelHeartbeat: () => void = () => undefined;
  private readonly startedAtMs: number;
  private received = 0;

  constructor(socket: WebSocket, peer: SocketPeer, parts: SocketParts) {
    this.socket = socket;
    this.peer = peer;
    this.parts = parts;
    this.startedAtMs = parts.clock.monotonic();
    this.outlet = new SocketOutlet(socket, parts.clock, parts.limits, () => this.terminate());
    this.cancelDeadline = parts.clock.after(AUTH_MS, () => this.refuseAccess());
    socket.on('message', (data, isBinary) => this.receive(data, isBinary));
    socket.on('pong', () => (this.unanswered = 0));
    socket.once('close', (code) => this.end(code));
    this.heartbeat();
    const { token } = peer;
    if (token !== undefined) this.enqueue(() => this.authenticate(token));
  }

  /** The server goes away; the client comes back to another one, or to this one later. */
  goAway(): void {
    this.close(1_001, 'shutdown');
  }

  /** Ends the connection at once, with whatever was still to be sent. */
  terminate(): void {
    this.socket.terminate();
  }

  private refuseAccess(): void {
    this.close(WEBSOCKET_CLOSE.unauthorized, 'unauthorized');
  }

  /** Nothing is sent or taken from here on; the other end has its time to answer. */
  private close(code: number, reason: string): void {
    this.leaveAll();
    this.socket.close(code, reason);
    // The answer to it must be read.
    if (this.socket.isPaused) this.socket.resume();
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.received += 1;
    this.enqueue(async () => {
      await this.parts.requests.count({ userId: this.session?.user.id, address: this.peer.address });
      await this.take(parseMessage(data, isBinary));
    });
  }

  private enqueue(task: () => Promise<void>): void {
    this.pending += 1;
    if (this.pending >= PENDING_MESSAGES) this.socket.pause();
    this.work = this.work.then(async () => {
      if (this.socket.readyState === this.socket.OPEN) {
        await runWithCorrelation(this.peer.correlationId, task).catch((error: unknown) => this.refuse(error));
      }
      this.pending -= 1;
      if (this.pending < PENDING_MESSAGES && this.socket.isPaused) this.socket.resume();
    });
  }

  /** What went wrong with a message as a whole. Some of it ends the connection. */
  private refuse(error: unknown): void {
    this.tell(error, null);
    const code = codeOf(error);
    if (code.startsWith('auth.')) this.refuseAccess();
    if (code === 'request.too_many') this.close(WEBSOCKET_CLOSE.tooMany, 'too many');
  }

  private async take(message: ClientMessage): Promise<void> {
    if (message.type === 'auth') return this.authenticate(message.token);
    const { session } = this;
    if (session === undefined) throw new AppError('auth.required');
    const { id: userId } = await this.parts.userOf(session.token);
    switch (message.type) {
      case 'ping':
        this.outlet.send({ type: 'pong' });
        return;
      case 'unfollow':
        this.follows.get(message.reply_id)?.leave();
        return;
      case 'follow':
        void this.follow(userId, message.reply_id, message.after ?? 0);
        return;
      case 'cancel':
        void this.cancel(userId, message.reply_id);
    }
  }

  private async authenticate(token: string): Promise<void> {
    const user = await this.parts.userOf(token);
    const { session } = this;
    if (session !== undefined && session.user.id !== user.id) {
      throw new AppError('auth.required', { userId: user.id, was: session.user.id });
    }
    const release = session?.release ?? this.parts.slots.take(user.id);
    if (release === null) throw new AppError('request.too_many', { userId: user.id });
    this.session = { user, token, release };
    // Closed meanwhile: `end` found no session to give back.
    if (this.socket.readyState !== this.socket.OPEN) {
      this.endSession();
      return;
    }
    this.cancelDeadline();
    const restMs = Math.max(0, user.tokenExpiresAtMs - this.parts.clock.now());
    this.cancelDeadline = this.parts.clock.after(restMs, () => this.refuseAccess());
    this.outlet.send({ type: 'ready', expires_at: new Date(user.tokenExpiresAtMs).toISOString() });
  }

  /** A reply that is followed already is followed from the new position instead. */
  private async follow(userId: number, replyId: number, after: number): Promise<void> {
    // Closed while the token was looked at: what is begun now, nobody would leave.
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.follows.get(replyId)?.leave();
    const reply = new FollowedReply(replyId, this.outlet);
    const release = this.parts.slots.take(userId);
    try {
      if (release === null) throw new AppError('request.too_many', { userId });
      // Given back when it is left, not when what it asked for has come: the next one may be on its heels.
      reply.signal.addEventListener('abort', release, { once: true });
      this.follows.set(replyId, reply);
      const message = await this.parts.chats.call(getReply, { userId, replyId });
      await this.parts.replies.send(reply, { userId, message, after, afterField: 'after' });
    } catch (error) {
      if (!reply.signal.aborted) this.tell(error, replyId);
    } finally {
      reply.leave();
      if (this.follows.get(replyId) === reply) this.follows.delete(replyId);
    }
  }

  private async cancel(userId: number, replyId: number): Promise<void> {
    try {
      const message = await this.parts.stops.stop(userId, replyId);
      this.outlet.send({ type: 'cancelled', reply_id: replyId, message });
    } catch (error) {
      this.tell(error, replyId);
    }
  }

  private tell(error: unknown, replyId: number | null): void {
    const { correlationId } = this.peer;
    const problem = toProblem(error, correlationId);
    if (problem.code === 'internal') this.parts.log.error('ws.fail', error, { replyId, correlationId });
    this.outlet.send({ type: 'error', reply_id: replyId, problem } satisfies ServerMessage);
  }

  private heartbeat(): void {
    this.cancelHeartbeat = this.parts.clock.after(this.parts.limits.heartbeatMs, () => {
      // The other end is gone and its network never said so, or it takes nothing of what it is sent.
      if (this.unanswered >= UNANSWERED_PINGS) {
        this.terminate();
        return;
      }
      this.unanswered += 1;
      this.socket.ping();
      this.heartbeat();
    });
  }

  private end(code: number): void {
    this.cancelDeadline();
    this.cancelHeartbeat();
    this.parts.log.event('ws.close', {
      code,
      userId: this.session?.user.id,
      ms: Math.round(this.parts.clock.monotonic() - this.startedAtMs),
      received: this.received,
      follows: this.follows.size,
      correlationId: this.peer.correlationId,
    });
    this.leaveAll();
    this.endSession();
  }

  private leaveAll(): void {
    for (const reply of this.follows.values()) reply.leave();
  }

  private endSession(): void {
    this.session?.release();
    this.session = undefined;
  }
}

/** @throws AppError `request.invalid` */
function parseMessage(data: RawData, isBinary: boolean): ClientMessage {
  const parsed = clientMessage.safeParse(isBinary ? undefined : parseJson(textOf(data)));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new AppError('request.invalid', {}, { issues });
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
