/**
 * An engine that says the time, and the shortest way to a browser that there could be.
 *
 *   node paced.ts engine   an Ollama whose tokens are the moment of their making, one each 50 ms
 *   node paced.ts proxy    POST body: passes it on and answers with the pieces as server-sent events; no Redis, no framework
 *
 * From the environment: ENGINE_URL (proxy), TOKEN_GAP_MS (engine). Prints the port that it listens on.
 */
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { PacedOllama } from './paced-ollama.ts';

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

async function proxy(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(incoming);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const outgoing = request(`${process.env['ENGINE_URL'] ?? ''}/api/chat`, { agent, method: 'POST', headers });
  outgoing.once('error', () => response.destroy());
  outgoing.once('response', (answer) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    createInterface({ input: answer })
      .on('line', (line) => response.write(`data: ${line}\n\n`))
      .once('close', () => response.end());
  });
  outgoing.end(body);
}

async function listenAsProxy(): Promise<number> {
  const server = createServer((incoming, response) => void proxy(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const port =
  process.argv[2] === 'engine'
    ? Number(new URL((await PacedOllama.start(Number(process.env['TOKEN_GAP_MS']))).url).port)
    : await listenAsProxy();
process.stdout.write(`listening ${port}\n`);
