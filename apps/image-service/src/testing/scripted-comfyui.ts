import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';

export interface Submitted {
  readonly prompt_id: string;
  readonly client_id: string;
  readonly prompt: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
  readonly extra_data: unknown;
}

/** What the server does with a prompt that it has taken. */
export type Script = (prompt: ScriptedPrompt) => unknown;
type Route = (response: ServerResponse, request: IncomingMessage) => unknown;

const BASE = '/engines/comfyui';
const OUTPUT_NODE = '11';
const SAMPLER_NODE = '9';

/** A prompt in ComfyUI's hands; what happens to it is done by hand. */
export class ScriptedPrompt {
  readonly id: string;
  readonly body: Submitted;
  private readonly server: ScriptedComfyui;

  constructor(server: ScriptedComfyui, body: Submitted) {
    this.server = server;
    this.body = body;
    this.id = body.prompt_id;
  }

  /** An event for the client that has submitted this prompt. */
  tell(type: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.server.send(this.body.client_id, { type, data: { ...data, prompt_id: this.id } });
  }

  step(value: number, max: number, node = SAMPLER_NODE): void {
    this.tell('progress', { value, max, node });
  }

  preview(picture: Buffer, promptId = this.id): void {
    const header = Buffer.from(
      JSON.stringify({ node_id: SAMPLER_NODE, prompt_id: promptId, image_type: 'image/jpeg' }),
    );
    const head = Buffer.alloc(8);
    head.writeUInt32BE(4, 0);
    head.writeUInt32BE(header.length, 4);
    this.server.sendBytes(this.body.client_id, Buffer.concat([head, header, picture]));
  }

  /** Ends well, with this file; `executing null` comes only when it is told. */
  store(bytes: Buffer): void {
    const filename = `${this.id}_00001_.png`;
    this.server.files.set(filename, bytes);
    this.end('success', 'execution_success', {}, [{ filename, subfolder: 'baton', type: 'output' }]);
  }

  succeed(bytes: Buffer): void {
    this.tell('execution_success');
    this.store(bytes);
    this.finished();
  }

  fail(exceptionType: string): void {
    const error = {
      node_type: 'KSampler',
      exception_type: exceptionType,
      exception_message: 'a secret path',
    };
    this.tell('execution_error', error);
    this.end('error', 'execution_error', error);
    this.finished();
  }

  interrupt(): void {
    this.tell('execution_interrupted', { node_type: 'KSampler' });
    this.end('error', 'execution_interrupted', { node_type: 'KSampler' });
    this.finished();
  }

  /** As after a restart of ComfyUI: it has never heard of the prompt. */
  vanish(): void {
    this.server.queued.delete(this.id);
  }

  finished(): void {
    this.tell('executing', { node: null });
  }

  private end(status: string, message: string, data: object, images: readonly object[] = []): void {
    this.server.queued.delete(this.id);
    this.server.history.set(this.id, {
      prompt: [0, this.id, {}, {}, [OUTPUT_NODE]],
      outputs: images.length === 0 ? {} : { [OUTPUT_NODE]: { images }, '12': { text: ['of another kind'] } },
      status: {
        status_str: status,
        completed: status === 'success',
        messages: [
          ['execution_start', { prompt_id: this.id }],
          [message, { prompt_id: this.id, ...data }],
        ],
      },
    });
  }
}

/** A real local HTTP and WebSocket server in ComfyUI's place, as the guard shows it. */
export class ScriptedComfyui {
  readonly url: string;
  readonly submitted: Submitted[] = [];
  readonly queued = new Set<string>();
  readonly history = new Map<string, object>();
  readonly files = new Map<string, Buffer>();
  /** Headers of every request, and the first message of every socket. */
  readonly headers: IncomingMessage['headers'][] = [];
  readonly greetings: unknown[] = [];
  private readonly server: Server;
  private readonly sockets: WebSocketServer;
  private readonly clients = new Map<WebSocket, string>();
  private script: Script = () => undefined;
  private routes = new Map<string, Route>();
  private upgrade: ((request: IncomingMessage) => string | null) | null = null;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.url = `http://127.0.0.1:${port}${BASE}`;
    this.sockets = new WebSocketServer({ noServer: true });
    server.on('request', (request, response) => void this.serve(request, response));
    server.on('upgrade', (request, socket, head) => {
      this.headers.push(request.headers);
      if (this.upgrade === null) {
        this.sockets.handleUpgrade(request, socket, head, (client) => this.greet(client, request));
        return;
      }
      // Nobody else reads it, and only a socket that is read notices that the other side has left.
      socket.on('error', () => undefined).resume();
      socket.on('end', () => socket.destroy());
      const answer = this.upgrade(request);
      if (answer !== null) socket.end(answer);
    });
  }

  static async start(): Promise<ScriptedComfyui> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return new ScriptedComfyui(server, address.port);
  }

  /** Forgets everything and plays this for every prompt to come. */
  play(script: Script): void {
    this.cutSockets();
    this.script = script;
    this.routes = new Map();
    this.upgrade = null;
    this.submitted.length = 0;
    this.headers.length = 0;
    this.greetings.length = 0;
    this.queued.clear();
    this.history.clear();
    this.files.clear();
  }

  /** Answers a path (`/prompt`, `/queue`, `/history`, `/view`) by hand from now on. */
  answer(path: string, route: Route): void {
    this.routes.set(path, route);
  }

  /** Answers requests for the socket with raw HTTP; null leaves them waiting. */
  answerUpgrade(answer: (request: IncomingMessage) => string | null): void {
    this.upgrade = answer;
  }

  /** A prompt that came in earlier, as if by another process. */
  take(promptId: string): ScriptedPrompt {
    this.queued.add(promptId);
    return new ScriptedPrompt(this, { prompt_id: promptId, client_id: promptId, prompt: {}, extra_data: {} });
  }

  get openSockets(): number {
    return this.clients.size;
  }

  send(clientId: string, message: object): void {
    for (const client of this.clientsOf(clientId)) client.send(JSON.stringify(message));
  }

  sendBytes(clientId: string, bytes: Buffer): void {
    for (const client of this.clientsOf(clientId)) client.send(bytes);
  }

  cutSockets(): void {
    for (const client of this.clients.keys()) client.terminate();
    // One that was frozen does not notice its own end.
    this.clients.clear();
  }

  /** From now on no socket answers a ping: a peer that is gone without a word. */
  freezeSockets(): void {
    for (const client of this.clients.keys()) client.pause();
  }

  async close(): Promise<void> {
    this.cutSockets();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private clientsOf(clientId: string): WebSocket[] {
    return [...this.clients].filter(([, id]) => id === clientId).map(([client]) => client);
  }

  private greet(client: WebSocket, request: IncomingMessage): void {
    const clientId = new URL(request.url ?? '', this.url).searchParams.get('clientId') ?? '';
    this.clients.set(client, clientId);
    client.once('message', (data: Buffer) => this.greetings.push(JSON.parse(data.toString('utf8'))));
    client.on('error', () => undefined);
    client.on('close', () => this.clients.delete(client));
    const status = { exec_info: { queue_remaining: this.queued.size } };
    client.send(JSON.stringify({ type: 'status', data: { status, sid: clientId } }));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.headers.push(request.headers);
    const url = new URL(request.url ?? '', this.url);
    const [path = '', id = ''] = url.pathname.slice(BASE.length + 1).split('/');
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const byHand = this.routes.get(`/${path}`);
    if (byHand !== undefined) {
      await byHand(response, request);
      return;
    }
    switch (path) {
      case 'prompt':
        this.prompt(JSON.parse(Buffer.concat(pieces).toString('utf8')) as Submitted, response);
        break;
      case 'queue':
        json(response, {
          queue_running: [...this.queued].map((queued) => [0, queued, {}, {}, [OUTPUT_NODE]]),
          queue_pending: [],
        });
        break;
      case 'history':
        json(response, this.history.has(id) ? { [id]: this.history.get(id) } : {});
        break;
      case 'view': {
        const file = this.files.get(url.searchParams.get('filename') ?? '');
        response.writeHead(file === undefined ? 404 : 200);
        response.end(file);
        break;
      }
      default:
        response.writeHead(404);
        response.end();
    }
  }

  private prompt(body: Submitted, response: ServerResponse): void {
    this.submitted.push(body);
    this.queued.add(body.prompt_id);
    json(response, { prompt_id: body.prompt_id, number: 0, node_errors: {} });
    void this.script(new ScriptedPrompt(this, body));
  }
}

export function json(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

/** The guard's own word, which no engine speaks. */
export function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', status, code }));
}
