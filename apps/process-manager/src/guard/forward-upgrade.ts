import { STATUS_CODES, request as httpRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '@baton/kernel';
import type { Passing } from './lease-use.ts';
import { requestHeaders, responseHeaders } from './passed-headers.ts';
import { answerProblemOnSocket } from './refusal.ts';

export interface UpgradePassage {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent behind its request already. */
  readonly head: Buffer;
  readonly engineUrl: string;
  readonly path: string;
}

/**
 * ComfyUI serves all its sockets from one loop: a client that does not read would silence all others. So the engine's side
 * is always read, and a client that falls this far behind loses its connection.
 */
const UNREAD_LIMIT_BYTES = 64 * 1_048_576;

/** Ties a client's WebSocket to the engine's, byte by byte: frames are neither read nor made here. */
export function forwardUpgrade(passage: UpgradePassage): Passing {
  const { request, socket: client, engineUrl } = passage;
  const { hostname, port, host } = new URL(engineUrl);
  const outgoing = httpRequest({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    agent: false,
    method: 'GET',
    path: passage.path,
    headers: ['Host', host, ...requestHeaders(request), 'Connection', 'Upgrade', 'Upgrade', 'websocket'],
  });
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let upstream: Socket | Duplex | null = null;
  outgoing.once('upgrade', (incoming, engineSocket: Duplex, engineHead) => {
    upstream = engineSocket;
    client.write(head101(incoming));
    if (engineHead.length > 0) client.write(engineHead);
    if (passage.head.length > 0) engineSocket.write(passage.head);
    tie(client, engineSocket, end);
  });
  outgoing.once('response', (incoming) => {
    const status = incoming.statusCode ?? 502;
    incoming.resume();
    client.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    );
  });
  outgoing.on('error', (cause) => {
    if (client.writable) answerProblemOnSocket(client, new AppError('engine.unavailable', {}, { cause }));
  });
  outgoing.once('close', () => {
    if (upstream === null) end();
  });
  client.on('error', () => undefined);
  client.once('close', () => {
    outgoing.destroy();
    upstream?.destroy();
  });
  outgoing.end();
  return {
    ended,
    cut: () => {
      client.destroy();
      outgoing.destroy();
      upstream?.destroy();
    },
  };
}

function tie(client: Duplex, engine: Duplex, end: () => void): void {
  for (const socket of [client, engine]) {
    if (socket instanceof Socket) {
      socket.setNoDelay(true);
      socket.setTimeout(0);
    }
  }
  engine.on('error', () => undefined);
  engine.on('data', (bytes: Buffer) => {
    if (client.writableEnded || client.destroyed) return;
    client.write(bytes);
    if (client.writableLength > UNREAD_LIMIT_BYTES) client.destroy();
  });
  engine.once('end', () => client.end());
  engine.once('close', () => {
    client.destroy();
    end();
  });
  client.pipe(engine);
}

function head101(incoming: IncomingMessage): string {
  const headers = responseHeaders(incoming);
  let text = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${text}\r\n`;
}
