/**
 * The floor: what any design with these hops costs. A gateway process, a service process, an engine, and the tokens back
 * through a Redis stream; no framework, no database, no queue, no lease.
 *
 *   node floor.ts service   POST {id, body}: answers at once, asks the engine, adds each piece to the stream
 *   node floor.ts gateway   POST body: passes it on and answers with the pieces as server-sent events
 *
 * From the environment: REDIS_URL, ENGINE_URL (service), SERVICE_URL (gateway). Prints the port that it listens on.
 */
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';

const STREAM = 'floor-shard';
const STREAM_ENTRIES = 10_000;

const agent = new Agent({ keepAlive: true });
const redis = new Redis(process.env['REDIS_URL'] ?? '');

function post(url: string, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request(url, { agent, method: 'POST', headers })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
}

async function service(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { id, body } = JSON.parse(await text(incoming)) as { id: string; body: unknown };
  response.end('{}');
  const answer = await post(`${process.env['ENGINE_URL'] ?? ''}/api/chat`, JSON.stringify(body));
  const add = (piece: string): Promise<unknown> =>
    redis.xadd(STREAM, 'MAXLEN', '~', STREAM_ENTRIES, '*', 'id', id, 'piece', piece);
  for await (const piece of answer) void add(String(piece));
  await add('');
}

const readers = new Map<string, ServerResponse>();
let lastId = 0;

async function gateway(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = String((lastId += 1));
  const body: unknown = JSON.parse(await text(incoming));
  readers.set(id, response);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  (await post(process.env['SERVICE_URL'] ?? '', JSON.stringify({ id, body }))).resume();
}

async function follow(): Promise<never> {
  for (let cursor = '$'; ;) {
    const reply = await redis.xread('BLOCK', 0, 'STREAMS', STREAM, cursor);
    for (const [entry, [, id = '', , piece = '']] of reply?.[0]?.[1] ?? []) {
      cursor = entry;
      if (piece !== '') {
        readers.get(id)?.write(`data: ${JSON.stringify(piece)}\n\n`);
      } else {
        readers.get(id)?.end();
        readers.delete(id);
      }
    }
  }
}

const isGateway = process.argv[2] === 'gateway';
const server = createServer((incoming, response) => void (isGateway ? gateway : service)(incoming, response));
if (isGateway) void follow();
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`));
