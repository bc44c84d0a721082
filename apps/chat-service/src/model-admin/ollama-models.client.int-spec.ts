import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '@baton/kernel';
import { OllamaModelsClient } from './ollama-models.client.ts';

let server: Server;
let answer: RequestListener;
let client: OllamaModelsClient;

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = new OllamaModelsClient({ url, loadOptions: {}, keepAlive: '5m' }, systemClock);
});
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.each(['<html>Welcome</html>', '{"models": [{"size_vram": 1}]}', ''])(
  'a server that answers %j instead of its models has failed',
  async (text) => {
    answer = (_request, response) => response.end(text);
    await expect(client.unload('phi3')).rejects.toMatchObject({ code: 'engine.failed' });
  },
);

test('an answer that breaks off is a server that is not there', async () => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{', () => response.destroy());
  };
  await expect(client.unload('phi3')).rejects.toMatchObject({ code: 'engine.unavailable' });
});
