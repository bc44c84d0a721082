import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabases } from './test-databases.ts';
import { openRedises } from './test-redises.ts';

export interface Broker {
  /** What `@baton/testing` is given in BATON_TEST_SERVERS: an address with a secret in its path. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Hands out servers to the test files of one run, over HTTP on the loopback interface. Each kind of server is started
 * at the first request and shared; every request gets a database of its own in it. All of them end with the broker,
 * and with this process however it ends.
 *
 *   POST /redis                 → { url }
 *   POST /redis/private         → { id, url }        a server that the test may kill
 *   POST /redis/private/ID/kill | /start | /remove
 *   POST /mariadb               → { host, port, user, password, database }
 */
export async function openBroker(): Promise<Broker> {
  const secret = randomUUID();
  const dir = await mkdtemp(join(tmpdir(), 'baton-test-'));
  const redises = openRedises(dir);
  const databases = openDatabases(dir);

  const answer = async (path: readonly string[]): Promise<unknown> => {
    const [kind, scope, id, act] = path;
    if (kind === 'mariadb') return databases.create();
    if (kind !== 'redis') throw new Error(`The broker knows no server called "${kind ?? ''}".`);
    if (scope === undefined) return redises.database();
    if (id === undefined) return redises.startPrivate();
    if (act === 'kill') return redises.killPrivate(id);
    if (act === 'start') return redises.restartPrivate(id);
    return redises.removePrivate(id);
  };

  const server = createServer((request, response) => {
    void respond(request, response, secret, answer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    address: `http://127.0.0.1:${port}/${secret}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.all([redises.close(), databases.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  secret: string,
  answer: (path: readonly string[]) => Promise<unknown>,
): Promise<void> {
  const [given, ...path] = (request.url ?? '').split('/').slice(1);
  const send = (status: number, body: unknown): void => {
    // A connection kept open could be closed by us just as the next test asks over it.
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(body));
  };
  if (request.method !== 'POST' || given !== secret) {
    send(404, { message: 'Nothing is here.' });
    return;
  }
  try {
    send(200, (await answer(path)) ?? {});
  } catch (error) {
    send(500, { message: error instanceof Error ? error.message : String(error) });
  }
}
