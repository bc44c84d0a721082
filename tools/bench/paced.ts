/**
 * An engine that says the time, and the shortest way to a browser that there could be.
 *
 *   node paced.ts engine   an Ollama whose tokens are the moment of their making, one each 50 ms
 *   node paced.ts proxy    POST body: passes it on and answers with the pieces as server-sent events; no Redis, no framework
 *   node paced.ts writer   POST body: answers with such tokens of its own as server-sent events; no engine either
 *
 * From the environment: ENGINE_URL (proxy), TOKEN_GAP_MS (engine, writer). Prints the port that it listens on, and its pid.
 */
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { PacedOllama, machineTimeUs } from './paced-ollama.ts';

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

/** The least that a server can do for a token: as many bytes as Baton sends, and nothing to find out before. */
async function writer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { options } = JSON.parse(await text(incoming)) as { options: { num_predict: number } };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let said = 0;
  let bytes = 0;
  const timer = setInterval(() => {
    if (said === options.num_predict) {
      clearInterval(timer);
      response.end();
      return;
    }
    said += 1;
    const json = `{"type":"text","text":" t${machineTimeUs()}"}`;
    bytes += json.length;
    response.write(`id: ${bytes}\nevent: text\ndata: ${json}\n\n`);
  }, Number(process.env['TOKEN_GAP_MS']));
  response.once('close', () => clearInterval(timer));
}

async function listen(serve: typeof proxy): Promise<number> {
  const server = createServer((incoming, response) => void serve(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function listenAs(role: string | undefined): Promise<number> {
  if (role === 'proxy') return listen(proxy);
  if (role === 'writer') return listen(writer);
  return Number(new URL((await PacedOllama.start(Number(process.env['TOKEN_GAP_MS']))).url).port);
}

// The process that was started may be one that watches over this one, so it says which it is.
process.stdout.write(`listening ${await listenAs(process.argv[2])} as ${process.pid}\n`);
