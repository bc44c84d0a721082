import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer with this status. */
export class Refusal {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** A real HTTP server on this machine that speaks as much of an engine's protocol as a test needs. */
export abstract class FakeEngine {
  readonly server = createServer((request, response) => {
    this.answer(request, response).catch(() => response.destroy());
  });
  readonly requests: string[] = [];

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  /** Kills the processes of its models, as its driver would; how many they were. */
  endWorkers(): number {
    return 0;
  }

  /** Null for what this engine does not know. `undefined` sends an empty 200. */
  protected abstract reply(method: string, path: string, body: unknown): Promise<unknown>;

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    this.requests.push(`${request.method} ${path}`);
    const reply = await this.reply(request.method ?? '', path, text === '' ? null : JSON.parse(text));
    if (reply instanceof Refusal) response.writeHead(reply.status).end();
    else if (reply === null) response.writeHead(404).end();
    else if (reply === undefined) response.writeHead(200).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  }
}
