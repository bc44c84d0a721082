import { chat, modelList, problem, replyEvent, sentMessage, session } from '@baton/contracts';
import type { ReplyEvent, SentMessage } from '@baton/contracts';
import { readServerSentEvents } from './server-sent-events.ts';

type Schema<T> = { parse(value: unknown): T };

/** Baton refused a request; the message is Baton's own sentence. */
export class RefusedError extends Error {}

/** The public API as any client sees it: HTTP, JSON and server-sent events. */
export class BatonApi {
  readonly #url: string;
  #token: string | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /** Makes an account; everything after it is done in its name. */
  async register(username: string, password: string): Promise<void> {
    const { access_token } = await this.#post('/api/auth/register', { username, password }, session);
    this.#token = access_token;
  }

  /** The header of the account, for requests that are made without this class. */
  get authorization(): Record<string, string> {
    return this.#token === null ? {} : { authorization: `Bearer ${this.#token}` };
  }

  /** Name of the model that Baton suggests. */
  async defaultModel(): Promise<string> {
    const response = await this.#fetch('/api/chat/models', { headers: {} });
    return modelList.parse(await response.json()).default_model;
  }

  /** Resolves with the id of a new chat, whose answers may have a greatest length. */
  async createChat(title: string, model: string, maxTokens: number | null = null): Promise<number> {
    return (await this.#post('/api/chats', { title, model, max_tokens: maxTokens }, chat)).id;
  }

  sendMessage(chatId: number, content: string): Promise<SentMessage> {
    return this.#post(`/api/chats/${chatId}/messages`, { content }, sentMessage);
  }

  generateImage(chatId: number, description: string): Promise<SentMessage> {
    return this.#post('/api/image/generate', { chat_id: chatId, description }, sentMessage);
  }

  /** Follows a reply from its beginning to its end. */
  async *events(replyId: number): AsyncGenerator<ReplyEvent> {
    const response = await this.#fetch(`/api/replies/${replyId}/events`, {
      headers: { accept: 'text/event-stream' },
    });
    if (response.body === null) throw new RefusedError('The stream of events is empty.');
    const text = response.body.pipeThrough(new TextDecoderStream());
    for await (const { data } of readServerSentEvents(text)) {
      const event = replyEvent.safeParse(JSON.parse(data));
      // Something newer than this client: not for it.
      if (event.success) yield event.data;
    }
  }

  async #post<T>(path: string, body: unknown, answer: Schema<T>): Promise<T> {
    const response = await this.#fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.parse(await response.json());
  }

  async #fetch(path: string, request: { method?: string; headers: Record<string, string>; body?: string }) {
    const response = await fetch(this.#url + path, {
      ...request,
      headers: { ...request.headers, ...this.authorization },
    });
    if (response.ok) return response;
    const said = problem.safeParse(await response.json().catch(() => null));
    const why = said.success ? said.data.title : 'no reason given';
    throw new RefusedError(`${path} was refused (${response.status}): ${why}`);
  }
}
