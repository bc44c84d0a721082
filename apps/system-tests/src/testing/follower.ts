import { setTimeout as pause } from 'node:timers/promises';
import { endEvent, replyEvent } from '@baton/contracts';
import type { EndEvent, ReplyEvent } from '@baton/contracts';
import { EventSourceParserStream } from 'eventsource-parser/stream';

const RECONNECT_MS = 50;
const UNTIL_TIMEOUT_MS = 25_000;

export interface Received {
  readonly id: number;
  readonly event: ReplyEvent;
}

export type OpenStream = (lastEventId: number, signal: AbortSignal) => Promise<Response>;

/** One reader of a reply's events, as a browser is one: it comes back with the last id that it has. */
export class Follower {
  readonly received: Received[] = [];
  /** Answers of the gateway that were no stream, in order. */
  readonly refusals: number[] = [];
  /** Settles when the reader has seen the end or has left. */
  readonly closed: Promise<void>;
  readonly #leaving = new AbortController();
  readonly #watchers = new Set<() => void>();
  #lastId: number;

  constructor(open: OpenStream, after = 0) {
    this.#lastId = after;
    this.closed = this.#run(open).finally(() => this.#tell());
    this.closed.catch(() => undefined);
  }

  get lastId(): number {
    return this.#lastId;
  }

  get events(): ReplyEvent[] {
    return this.received.map(({ event }) => event);
  }

  get text(): string {
    return this.events.reduce((text, event) => {
      if (event.type === 'reset') return event.text;
      return event.type === 'text' ? text + event.text : text;
    }, '');
  }

  get states(): string[] {
    return this.events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
  }

  /** Resolves with the first event that fits, received already or still to come. */
  async until(fits: (event: ReplyEvent) => boolean, timeoutMs = UNTIL_TIMEOUT_MS): Promise<ReplyEvent> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.events.find(fits);
      if (found !== undefined) return found;
      if (this.#leaving.signal.aborted || this.#hasEnd())
        throw new Error(`It ended before: ${this.#summary()}`);
      if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${this.#summary()}`);
      await this.#nextChange(deadline);
    }
  }

  async ended(timeoutMs = UNTIL_TIMEOUT_MS): Promise<EndEvent> {
    return endEvent.parse(await this.until(({ type }) => type === 'end', timeoutMs));
  }

  untilState(state: string): Promise<ReplyEvent> {
    return this.until((event) => event.type === 'state' && event.state === state);
  }

  /** Cuts the connection, as closing the page does. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.closed.catch(() => undefined);
  }

  async #run(open: OpenStream): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted && !this.#hasEnd()) {
      try {
        const response = await open(this.#lastId, signal);
        if (response.ok && response.body !== null) await this.#read(response.body);
        else {
          this.refusals.push(response.status);
          await response.arrayBuffer();
          if (response.status < 500) return;
        }
      } catch {
        // Cut in the middle, or nobody there: what a browser answers by coming back.
      }
      if (!this.#hasEnd()) await pause(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const messages = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { id, data } of messages) {
      const event = replyEvent.parse(JSON.parse(data));
      if (id !== undefined) this.#lastId = Number(id);
      this.received.push({ id: this.#lastId, event });
      this.#tell();
      if (event.type === 'end' || this.#leaving.signal.aborted) return;
    }
  }

  #hasEnd(): boolean {
    return this.received.at(-1)?.event.type === 'end';
  }

  #tell(): void {
    for (const wake of this.#watchers) wake();
  }

  async #nextChange(deadline: number): Promise<void> {
    const changed = Promise.withResolvers<undefined>();
    const wake = (): void => changed.resolve(undefined);
    this.#watchers.add(wake);
    const late = setTimeout(wake, Math.max(1, deadline - Date.now()));
    await changed.promise;
    clearTimeout(late);
    this.#watchers.delete(wake);
  }

  #summary(): string {
    const seen = this.events.map((event) => ('state' in event ? `${event.type} ${event.state}` : event.type));
    const runs = seen.filter((name, index) => name !== seen[index - 1]);
    return `${runs.join(', ') || 'nothing'}; refusals: ${this.refusals.join(', ') || 'none'}`;
  }
}
