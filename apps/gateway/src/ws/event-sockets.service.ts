import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { pause, type Clock } from '@baton/kernel';
import { CLOCK, CallClient, Log, Metrics } from '@baton/platform';
import type { WebSocket } from 'ws';
import { AccessTokens } from '../auth/access-tokens.service.ts';
import { JwtStrategy } from '../auth/jwt-strategy.ts';
import { RequestLimits } from '../limits/request-limits.service.ts';
import { ReplyStops } from '../replies/reply-stops.service.ts';
import { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { CHAT_SERVICE } from '../services.ts';
import { EVENT_STREAM_SETTINGS, StreamSlots, type EventStreamSettings } from '../sse/stream-slots.service.ts';
import { EventSocket, type SocketParts, type SocketPeer } from './event-socket.ts';

/** A client in good order answers a close at once; nobody else is waited for. */
const FAREWELL_MS = 500;

/** All WebSockets of this process; none outlives the shutdown. */
@Injectable()
export class EventSockets implements BeforeApplicationShutdown {
  private readonly parts: SocketParts;
  private readonly open = new Set<EventSocket>();
  private isClosing = false;
  private onEmpty: () => void = () => undefined;

  constructor(
    @Inject(CLOCK) clock: Clock,
    @Inject(Log) log: Log,
    @Inject(Metrics) metrics: Metrics,
    @Inject(EVENT_STREAM_SETTINGS) limits: EventStreamSettings,
    @Inject(StreamSlots) slots: StreamSlots,
    @Inject(RequestLimits) requests: RequestLimits,
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
    @Inject(ReplyStops) stops: ReplyStops,
    @Inject(AccessTokens) tokens: AccessTokens,
    @Inject(JwtStrategy) access: JwtStrategy,
  ) {
    const userOf: SocketParts['userOf'] = async (token) => access.validate(await tokens.claimsOf(token));
    this.parts = { clock, log, limits, requests, slots, chats, replies, stops, userOf };
    const open = metrics.gauge({
      name: 'baton_gateway_web_sockets',
      help: 'Open WebSockets',
      collect: () => {
        open.set(this.openCount);
      },
    });
  }

  get openCount(): number {
    return this.open.size;
  }

  accept(socket: WebSocket, peer: SocketPeer): void {
    const accepted = new EventSocket(socket, peer, this.parts);
    this.open.add(accepted);
    socket.once('close', () => {
      this.open.delete(accepted);
      if (this.open.size === 0) this.onEmpty();
    });
    if (this.isClosing) accepted.goAway();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosing = true;
    if (this.open.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.onEmpty = resolve));
    for (const socket of this.open) socket.goAway();
    const patience = new AbortController();
    await Promise.race([empty, pause(this.parts.clock, FAREWELL_MS, patience.signal).catch(() => undefined)]);
    patience.abort();
    for (const socket of this.open) socket.terminate();
  }
}
