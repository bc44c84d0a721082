import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const PACED_MODEL = 'paced:latest';

const SIZE_BYTES = 1_000_000_000;
const DETAILS = {
  format: 'gguf',
  family: 'paced',
  families: ['paced'],
  parameter_size: '1B',
  quantization_level: 'Q8_0',
};
const DEFAULT_TOKENS = 40;

/** One clock for all processes of a machine, microseconds. */
export function machineTimeUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

interface ChatBody {
  readonly options?: { readonly num_predict?: number };
}

/** As much of Ollama as Baton asks for. Each token is the moment at which it was made. */
export class PacedOllama {
  readonly url: string;
  /** Called when a client has gone in the middle of an answer. */
  onLeft: (atUs: number) => void = () => undefined;
  readonly #server: Server;
  readonly #gapMs: number;
  #isLoaded = false;

  private constructor(server: Server, gapMs: number) {
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.#server = server;
    this.#gapMs = gapMs;
    server.on('request', (incoming, response) => void this.#serve(incoming, response));
  }

  static async start(gapMs: number): Promise<PacedOllama> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PacedOllama(server, gapMs);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const path = incoming.url ?? '/';
    if (path === '/api/chat') this.#chat(JSON.parse(body) as ChatBody, response);
    else {
      const answer = this.#answer(path, body);
      response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
    }
  }

  #answer(path: string, body: string): unknown {
    const model = {
      name: PACED_MODEL,
      model: PACED_MODEL,
      size: SIZE_BYTES,
      digest: 'paced',
      details: DETAILS,
    };
    switch (path) {
      case '/':
        return 'Ollama is running';
      case '/api/version':
        return { version: '0.12.0' };
      case '/api/tags':
        return { models: [{ ...model, modified_at: new Date(0).toISOString() }] };
      case '/api/ps':
        return {
          models: this.#isLoaded
            ? [{ ...model, size_vram: SIZE_BYTES, expires_at: new Date().toISOString() }]
            : [],
        };
      case '/api/show':
        return {
          details: DETAILS,
          capabilities: ['completion'],
          model_info: { 'paced.context_length': 8_192 },
        };
      case '/api/generate': {
        const { keep_alive: keepAlive } = JSON.parse(body) as { keep_alive?: unknown };
        this.#isLoaded = keepAlive !== 0;
        return {
          model: PACED_MODEL,
          response: '',
          done: true,
          done_reason: this.#isLoaded ? 'load' : 'unload',
        };
      }
      default:
        return null;
    }
  }

  #chat({ options }: ChatBody, response: ServerResponse): void {
    this.#isLoaded = true;
    const tokens = options?.num_predict ?? DEFAULT_TOKENS;
    const line = (part: object): void => {
      response.write(
        `${JSON.stringify({ model: PACED_MODEL, created_at: new Date().toISOString(), ...part })}\n`,
      );
    };
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    let said = 0;
    const timer = setInterval(() => {
      if (said < tokens) {
        said += 1;
        line({ message: { role: 'assistant', content: ` t${machineTimeUs()}` }, done: false });
        return;
      }
      const counts = { prompt_eval_count: 5, eval_count: said, total_duration: 1, eval_duration: 1 };
      line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', ...counts });
      response.end();
    }, this.#gapMs);
    response.once('close', () => {
      clearInterval(timer);
      if (!response.writableFinished) this.onLeft(machineTimeUs());
    });
  }
}
