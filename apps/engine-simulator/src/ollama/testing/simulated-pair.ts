import { startCard } from '../../card/start.ts';
import { startOllama } from '../start.ts';
import type { OllamaOptions } from '../../options.ts';

/** Fast enough that a load is over in some milliseconds. */
export const TEST_SPEED = 200;

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

export interface LoadedEntry {
  readonly name: string;
  readonly digest: string;
  readonly size: number;
  readonly size_vram: number;
  readonly expires_at: string;
  readonly context_length: number;
}

export interface CardState {
  readonly totalMib: number;
  readonly usedMib: number;
  readonly gpuUtil: number;
  readonly processes: readonly {
    pid: number;
    engine: string;
    label: string;
    usedMib: number;
    isAlive: boolean;
  }[];
  readonly overlapCount: number;
}

export type Line = Readonly<Record<string, unknown>>;

/** A simulated Ollama on a simulated card, both in this process and reached as any client reaches them. */
export class SimulatedPair {
  readonly url: string;
  readonly cardUrl: string;
  readonly crashes: readonly number[];
  readonly #close: () => Promise<void>;

  private constructor(
    urls: { url: string; cardUrl: string },
    crashes: readonly number[],
    close: () => Promise<void>,
  ) {
    this.crashes = crashes;
    this.url = urls.url;
    this.cardUrl = urls.cardUrl;
    this.#close = close;
  }

  static async start(options: Partial<OllamaOptions> = {}, totalMib = 24_576): Promise<SimulatedPair> {
    const speed = { speed: TEST_SPEED };
    const card = await startCard({ host: '127.0.0.1', port: 0, totalMib, control: speed });
    const crashes: number[] = [];
    const ollama = await startOllama({
      host: '127.0.0.1',
      port: 0,
      card: card.url,
      numParallel: 1,
      maxLoadedModels: 3,
      maxQueue: 512,
      keepAlive: '5m',
      contextLength: 4_096,
      control: speed,
      crash: () => void crashes.push(Date.now()),
      ...options,
    });
    return new SimulatedPair({ url: ollama.url, cardUrl: card.url }, crashes, async () => {
      await ollama.close();
      await card.close();
    });
  }

  async ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    return read(await this.open(method, path, body, signal));
  }

  post(path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
    return this.ask('POST', path, body, signal);
  }

  /** The response as soon as its headers are there. */
  open(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const text = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    return fetch(this.url + path, { method, ...text, ...(signal && { signal }) });
  }

  async ps(): Promise<LoadedEntry[]> {
    return ((await this.ask('GET', '/api/ps')).json as { models: LoadedEntry[] }).models;
  }

  control(change: unknown): Promise<Answer> {
    return this.ask('PUT', '/__control', change);
  }

  async card(): Promise<CardState> {
    return (await fetch(`${this.cardUrl}/card`)).json() as Promise<CardState>;
  }

  async cardControl(change: unknown): Promise<Answer> {
    return read(await fetch(`${this.cardUrl}/__control`, { method: 'PUT', body: JSON.stringify(change) }));
  }

  load(model: string, more: object = {}): Promise<Answer> {
    return this.post('/api/generate', { model, ...more });
  }

  unload(model: string): Promise<Answer> {
    return this.post('/api/generate', { model, keep_alive: 0 });
  }

  chat(model: string, content: string, more: object = {}, signal?: AbortSignal): Promise<Answer> {
    return this.post('/api/chat', { model, messages: [{ role: 'user', content }], ...more }, signal);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

export function linesOf(answer: Answer): Line[] {
  return answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, type: response.headers.get('content-type') ?? '', text, json };
}
