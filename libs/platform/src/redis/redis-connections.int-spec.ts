import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLogger, Log } from '../logging/log.ts';
import { RedisConnections } from './redis-connections.ts';

let isLoading: boolean;
let sockets: Socket[];
let connections: RedisConnections;
const server = createServer();

/** Redis just after a restart: it takes connections, and until it has read its files it refuses what it is asked. */
beforeEach(async () => {
  isLoading = true;
  sockets = [];
  server.removeAllListeners('connection').on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const line of bytes.toString().toLowerCase().split('\r\n')) {
        if (line === 'client') socket.write('+OK\r\n');
        if (line === 'info') socket.write(bulk(`loading:${isLoading ? 1 : 0}\r\nloading_eta_seconds:1\r\n`));
        if (line === 'get') socket.write(isLoading ? '-LOADING Redis is loading\r\n' : bulk('value'));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  connections = new RedisConnections(`redis://127.0.0.1:${port}`, new Log(createLogger('test', 'fatal')));
});

afterEach(async () => {
  await connections.onApplicationShutdown();
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
});

test.each(['dedicated', 'bullmq'] as const)(
  'a %s connection waits for a Redis that is still loading',
  async (kind) => {
    const answer = connections[kind]('test').get('key');
    answer.catch(() => undefined);
    await once(server, 'connection');
    setTimeout(() => (isLoading = false), 200).unref();
    await expect(answer).resolves.toBe('value');
  },
);

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
