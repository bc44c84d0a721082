import { systemClock } from '@baton/kernel';
import type { EventSourceMessage } from 'eventsource-parser/stream';
import { createContext, useContext, useSyncExternalStore } from 'react';
import { untilForgotten, whenSeen, whenWorthTrying } from './attention.ts';
import { Connection, type Reachability } from './connection.ts';
import { readEventStream } from './event-stream.ts';
import { gatewayClient, type GatewayClient } from './gateway.client.ts';
import { gatewayFetch } from './gateway-fetch.ts';
import { SessionKeeper, type Exclusive, type SessionState, type TabNews } from './session.ts';

export interface Gateway {
  readonly client: GatewayClient;
  readonly session: SessionKeeper;
  readonly connection: Connection;
  /** Reads a stream of the gateway for as long as it goes, or until the abort. */
  readonly read: (
    open: (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>,
    onEvent: (event: EventSourceMessage) => 'go-on' | 'stop',
    signal: AbortSignal,
  ) => void;
}

/** The one gateway of this page, wired to the browser. */
export function openGateway(): Gateway {
  const connection = new Connection();
  const tabs = new BroadcastChannel('baton.session');
  const session = new SessionKeeper({
    fetch: (input, init) => fetch(input, init),
    clock: systemClock,
    connection,
    exclusive: oneTabAtATime,
    tell: (news) => tabs.postMessage(news),
  });
  tabs.addEventListener('message', (event: MessageEvent<TabNews>) => session.onTabNews(event.data));
  return {
    client: gatewayClient(gatewayFetch(session, connection)),
    session,
    connection,
    read: (open, onEvent, signal) => {
      void readEventStream({
        open: async (headers, attempt) => {
          await whenSeen(attempt);
          return open(headers, untilForgotten(attempt));
        },
        onEvent,
        signal,
        clock: systemClock,
        wake: whenWorthTrying,
        random: Math.random,
      });
    },
  };
}

/** Browsers offer locks on secure pages only; elsewhere (plain http in a home network) two tabs may still collide. */
const oneTabAtATime: Exclusive = async (work) =>
  'locks' in navigator ? await navigator.locks.request('baton.refresh', work) : await work();

export const GatewayContext = createContext<Gateway | null>(null);

export function useGateway(): Gateway {
  const gateway = useContext(GatewayContext);
  if (gateway === null) throw new Error('There is no gateway above this component.');
  return gateway;
}

export function useSession(): SessionState {
  const { session } = useGateway();
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

export function useReachability(): Reachability {
  const { connection } = useGateway();
  return useSyncExternalStore(connection.subscribe, connection.snapshot);
}
