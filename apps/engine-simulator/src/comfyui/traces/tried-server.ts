import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { ComfyuiOptions } from '../../options.ts';
import type { NodePacks } from '../start.ts';
import { startComfyui } from '../start.ts';

/** A server for one test file, and a client that keeps every frame. Only tests use it. */

export interface TextFrame {
  readonly type: string;
  readonly data: Record<string, unknown>;
}

export type Frame = TextFrame | Buffer;

export class FrameLog {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #watchers = new Set<() => void>();

  constructor(url: string, clientId?: string) {
    const address = new URL('/ws', url.replace('http', 'ws'));
    if (clientId !== undefined) address.searchParams.set('clientId', clientId);
    this.socket = new WebSocket(address);
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.frames.push(isBinary ? data : (JSON.parse(String(data)) as TextFrame));
      for (const watcher of this.#watchers) watcher();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code) => resolve(code));
    });
  }

  get texts(): TextFrame[] {
    return this.frames.filter((frame): frame is TextFrame => !Buffer.isBuffer(frame));
  }

  get types(): string[] {
    return this.texts.map(({ type }) => type);
  }

  /** Resolves with the first text frame, past or to come, that fits. */
  async until(fits: (frame: TextFrame) => boolean): Promise<TextFrame> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.texts.find(fits);
        if (found === undefined) return;
        this.#watchers.delete(look);
        resolve(found);
      };
      this.#watchers.add(look);
      look();
    });
  }

  async connected(): Promise<this> {
    await this.until(({ type }) => type === 'status');
    return this;
  }

  /** The prompt is over: history and all. */
  async finished(promptId: string): Promise<void> {
    await this.until(
      ({ type, data }) => type === 'executing' && data['node'] === null && data['prompt_id'] === promptId,
    );
  }

  async close(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly body: Body;
}

export class TriedServer {
  readonly url: string;
  readonly dataDir: string;
  readonly #logs: FrameLog[] = [];
  readonly #end: () => Promise<void>;

  private constructor(url: string, dataDir: string, end: () => Promise<void>) {
    this.url = url;
    this.dataDir = dataDir;
    this.#end = end;
  }

  static async start(options: Partial<ComfyuiOptions> = {}, packs: NodePacks = {}): Promise<TriedServer> {
    const dataDir = await mkdtemp(join(tmpdir(), 'baton-comfyui-'));
    const role = await startComfyui({ host: '127.0.0.1', port: 0, dataDir, ...options }, packs);
    return new TriedServer(role.url, dataDir, () => role.close());
  }

  async connect(clientId?: string): Promise<FrameLog> {
    const log = new FrameLog(this.url, clientId);
    this.#logs.push(log);
    return log.connected();
  }

  async get<Body = Record<string, unknown>>(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    return answerOf(await fetch(new URL(path, this.url), { headers: { ...headers, connection: 'close' } }));
  }

  async post<Body = Record<string, unknown>>(path: string, body?: unknown): Promise<Answer<Body>> {
    const text = typeof body === 'string' ? body : body === undefined ? null : JSON.stringify(body);
    const init = { method: 'POST', headers: { connection: 'close' }, body: text };
    return answerOf(await fetch(new URL(path, this.url), init));
  }

  async control(change: unknown): Promise<void> {
    const answer = await fetch(new URL('/__control', this.url), {
      method: 'PUT',
      headers: { connection: 'close' },
      body: JSON.stringify(change),
    });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.arrayBuffer();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#logs.map((log) => log.close()));
    await this.#end();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const type = response.headers.get('content-type');
  const isJson = type?.startsWith('application/json') === true;
  return { status: response.status, type, text, body: (isJson ? JSON.parse(text) : {}) as Body };
}
