import {
  chat,
  chatWithMessages,
  gpuStatus,
  imageList,
  message,
  problem,
  queueView,
  sentMessage,
  session,
} from '@baton/contracts';
import type { GpuStatus, Message, QueueView, SentMessage, Session } from '@baton/contracts';
import type { z } from 'zod';
import { Follower } from './follower.ts';

/** Small enough to be quick, and no more than what the tests need to see steps and previews. */
const PICTURE = { width: 256, height: 256 };
/** One that every installation of the simulated Ollama has. */
const MODEL = 'gpt-oss:20b';
export const PASSWORD = 'correct horse battery staple';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Somebody with an account, at the public API and nowhere else. */
export class Person {
  readonly url: string;
  readonly session: Session;
  /** The cookie that a browser would keep. */
  readonly refreshCookie: string;

  private constructor(url: string, opened: Session, refreshCookie: string) {
    this.url = url;
    this.session = opened;
    this.refreshCookie = refreshCookie;
  }

  static register(url: string, username: string): Promise<Person> {
    return Person.#enter(url, '/api/auth/register', { username, password: PASSWORD });
  }

  /** A second session of an account. */
  static login(url: string, username: string): Promise<Person> {
    return Person.#enter(url, '/api/auth/login', { username, password: PASSWORD });
  }

  static async #enter(url: string, path: string, body: unknown): Promise<Person> {
    const answer = await send(url, 'POST', path, { body });
    expectOk(answer, path);
    return new Person(url, session.parse(answer.body), cookieOf(answer));
  }

  /** Goes on with what the browser kept: a new session for the refresh cookie. */
  async refresh(url = this.url): Promise<Person> {
    const answer = await send(url, 'POST', '/api/auth/refresh', { headers: { cookie: this.refreshCookie } });
    expectOk(answer, 'refresh');
    return new Person(url, session.parse(answer.body), cookieOf(answer));
  }

  ask(method: string, path: string, body?: unknown): Promise<Answer> {
    return send(this.url, method, path, { body, headers: this.#authorization() });
  }

  /** With as little thinking as this model can: what is waited for is text, and the first of it. */
  async newChat(title = 'A chat'): Promise<number> {
    return (await this.#call(chat, 'POST', '/api/chats', { title, model: MODEL, think: 'low' })).id;
  }

  async messages(chatId: number): Promise<Message[]> {
    return (await this.#call(chatWithMessages, 'GET', `/api/chats/${chatId}`)).messages;
  }

  say(chatId: number, content: string): Promise<SentMessage> {
    return this.#call(sentMessage, 'POST', `/api/chats/${chatId}/messages`, { content });
  }

  draw(chatId: number, description: string): Promise<SentMessage> {
    return this.#call(sentMessage, 'POST', '/api/image/generate', {
      chat_id: chatId,
      description,
      ...PICTURE,
    });
  }

  reply(replyId: number): Promise<Message> {
    return this.#call(message, 'GET', `/api/replies/${replyId}`);
  }

  stop(replyId: number): Promise<Message> {
    return this.#call(message, 'POST', `/api/replies/${replyId}/cancel`);
  }

  regenerate(chatId: number, replyId: number): Promise<Message> {
    return this.#call(message, 'POST', `/api/chats/${chatId}/messages/${replyId}/regenerate`);
  }

  async images(messageId: number): Promise<z.infer<typeof imageList>['images']> {
    return (await this.#call(imageList, 'GET', `/api/image/${messageId}`)).images;
  }

  gpu(): Promise<GpuStatus> {
    return this.#call(gpuStatus, 'GET', '/api/gpu/status');
  }

  queue(): Promise<QueueView> {
    return this.#call(queueView, 'GET', '/api/gpu/queue');
  }

  async download(path: string): Promise<Buffer> {
    const response = await fetch(this.url + path, { headers: this.#authorization() });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }

  follow(replyId: number, after = 0): Follower {
    return new Follower((lastEventId, signal) => this.openEvents(replyId, lastEventId, signal), after);
  }

  openEvents(replyId: number, lastEventId: number, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.url}/api/replies/${replyId}/events`, {
      headers: {
        ...this.#authorization(),
        accept: 'text/event-stream',
        ...(lastEventId === 0 ? {} : { 'last-event-id': String(lastEventId) }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Sends a message and waits for the whole answer. */
  async talk(chatId: number, content: string): Promise<Message> {
    const { reply } = await this.say(chatId, content);
    await this.follow(reply.id).ended();
    return this.reply(reply.id);
  }

  /** Statuses of `GPU_EVENTS` as they come, until `signal` is aborted. */
  async watchGpu(seen: GpuStatus[], signal: AbortSignal): Promise<void> {
    const response = await fetch(`${this.url}/api/gpu/events`, { headers: this.#authorization(), signal });
    const lines = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream());
    let rest = '';
    for await (const chunk of lines) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (!/^event: status$/m.test(block) || data === undefined) continue;
        seen.push(gpuStatus.parse(JSON.parse(data)));
      }
    }
  }

  async #call<T>(schema: z.ZodType<T>, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.ask(method, path, body);
    expectOk(answer, `${method} ${path}`);
    return schema.parse(answer.body);
  }

  #authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.session.access_token}` };
  }
}

/** The code of a problem+json answer. */
export function problemCode({ body, headers }: Answer): string {
  if (!(headers.get('content-type') ?? '').startsWith('application/problem+json')) {
    throw new Error(`no problem+json: ${JSON.stringify(body)}`);
  }
  return problem.parse(body).code;
}

async function send(
  url: string,
  method: string,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function expectOk({ status, body }: Answer, what: string): void {
  if (status >= 400) throw new Error(`${what} answered ${status}: ${JSON.stringify(body)}`);
}

function cookieOf({ headers }: Answer): string {
  return headers.getSetCookie()[0]?.split(';')[0] ?? '';
}
