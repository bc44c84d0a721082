import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly [field: string]: unknown };
}

/** What the server does with one request for `/api/chat`. */
export type Script = (answer: Answer, asked: Asked) => unknown;

/** Speaks NDJSON as Ollama does; what a test wants to go wrong, it does by hand. */
export class Answer {
  readonly response: ServerResponse;
  /** Resolves when the connection is gone before the answer was complete. */
  readonly left: Promise<void>;

  constructor(response: ServerResponse) {
    this.response = response;
    this.left = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
  }

  text(content: string): void {
    this.line({
      model: 'm',
      created_at: '2026-11-20T10:00:00Z',
      message: { role: 'assistant', content },
      done: false,
    });
  }

  done(completionTokens: number, reason = 'stop'): void {
    this.line({
      model: 'm',
      created_at: '2026-11-20T10:00:00Z',
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: reason,
      total_duration: 5_000_000,
      prompt_eval_count: 26,
      eval_count: completionTokens,
    });
    this.response.end();
  }

  line(value: unknown): void {
    this.raw(`${JSON.stringify(value)}\n`);
  }

  raw(bytes: string | Uint8Array): void {
    if (!this.response.headersSent) this.response.setHeader('content-type', 'application/x-ndjson');
    this.response.write(bytes);
  }

  refuse(status: number, error: string): void {
    this.response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    this.response.end(JSON.stringify({ error }));
  }
}

/** A real local HTTP server in Ollama's place. Requests beyond the last script repeat it. */
export class ScriptedOllama {
  readonly asked: Asked[] = [];
  readonly url: string;
  connections = 0;
  /** What `/api/tags` tells: names with what the models can do. Looks are not counted as asked. */
  installed: readonly { readonly name: string; readonly capabilities?: readonly string[] }[] = [];
  /** Names of those in memory, as `/api/ps` tells them. */
  loaded: readonly string[] = [];
  /** Cuts every connection, as a server that has died does. */
  isAway = false;
  /** What is installed and in memory is told when this has resolved. */
  tellsAfter: Promise<unknown> = Promise.resolve();
  private scripts: Script[] = [];
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.url = `http://127.0.0.1:${port}/engines/ollama`;
    server.on('connection', () => (this.connections += 1));
    server.on('request', (request, response) => void this.serve(request, response));
  }

  static async start(): Promise<ScriptedOllama> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return new ScriptedOllama(server, address.port);
  }

  play(...scripts: Script[]): void {
    this.scripts = scripts;
    this.asked.length = 0;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.isAway) {
      request.socket.destroy();
      return;
    }
    if (request.method === 'GET') {
      await this.tellsAfter;
      this.tell(request.url ?? '', response);
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Asked['body'];
    const asked = { path: request.url ?? '', headers: request.headers, body };
    const script = this.scripts[Math.min(this.asked.length, this.scripts.length - 1)];
    this.asked.push(asked);
    await script?.(new Answer(response), asked);
  }

  private tell(path: string, response: ServerResponse): void {
    const isTags = path.endsWith('/api/tags');
    const models = isTags
      ? this.installed.map(({ name, capabilities = ['completion'] }) => ({
          ...{ name, model: name, size: 1_000, digest: `digest of ${name}`, capabilities },
          details: { parameter_size: '8.0B', quantization_level: 'Q4_K_M' },
        }))
      : this.loaded.map((name) => ({ name, digest: `digest of ${name}`, size_vram: 900 }));
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ models }));
  }
}
