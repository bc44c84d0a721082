import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';

export interface SearchAsked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly [field: string]: unknown };
}

export interface TavilyPage {
  readonly title?: string | null;
  readonly url: string;
  readonly content?: string | null;
}

/** Speaks Tavily's `POST /search`; what a test wants to go wrong, it does by hand. */
export class ScriptedTavily {
  readonly asked: SearchAsked[] = [];
  private readonly server: Server;
  private script: (response: ServerResponse) => void = () => undefined;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<ScriptedTavily> {
    const server = createServer();
    const tavily = new ScriptedTavily(server);
    server.on('request', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(pieces).toString('utf8')) as SearchAsked['body'];
        tavily.asked.push({ path: request.url ?? '', headers: request.headers, body });
        tavily.script(response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    tavily.find([]);
    return tavily;
  }

  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the server is not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  /** As the service answers: more fields than are read. */
  find(pages: readonly TavilyPage[]): void {
    this.play((response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          query: 'as asked',
          follow_up_questions: null,
          answer: null,
          images: [],
          results: pages.map((page, index) => ({ score: 1 / (index + 1), raw_content: null, ...page })),
          response_time: 0.7,
          request_id: 'a-request',
        }),
      );
    });
  }

  refuse(status: number, body: string): void {
    this.play((response) => {
      response.statusCode = status;
      response.setHeader('content-type', 'application/json');
      response.end(body);
    });
  }

  play(script: (response: ServerResponse) => void): void {
    this.script = script;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
