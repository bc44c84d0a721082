import { pause, type Clock } from '@baton/kernel';
import { EventSourceParserStream, type EventSourceMessage } from 'eventsource-parser/stream';

export interface ReadEventStream {
  /** Opens the stream; rejects when there is no answer. */
  readonly open: (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>;
  /** Returns `stop` when the stream has said all it has to say. */
  readonly onEvent: (event: EventSourceMessage) => 'go-on' | 'stop';
  readonly lastEventId?: string | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Resolves when it is no longer worth waiting: the network is back, the tab is looked at again. */
  readonly wake: (signal: AbortSignal) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
}

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 10_000;
/** A stream that is silent for so long is opened again: a dead connection looks the same, and resuming costs nothing. */
const SILENCE_MS = 60_000;

/**
 * Reads server-sent events until `onEvent` says stop, the signal is aborted or the gateway refuses for good (a 4xx).
 * In between it reconnects by itself and says in `Last-Event-ID` where it was.
 *
 * The browser's own EventSource cannot send an Authorization header, and a token does not belong into an address.
 *
 * @returns `stopped`, `refused` (a 4xx) or `aborted`.
 */
export async function readEventStream(stream: ReadEventStream): Promise<'stopped' | 'refused' | 'aborted'> {
  let lastEventId = stream.lastEventId;
  // Asked anew each time: it changes while an attempt is under way.
  const isOver = (): boolean => stream.signal.aborted;
  let waitMs = FIRST_WAIT_MS;
  while (!isOver()) {
    const attempt = new AbortController();
    const signal = AbortSignal.any([stream.signal, attempt.signal]);
    try {
      const response = await stream.open(
        lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
        signal,
      );
      if (response.ok && response.body) {
        for await (const event of eventsOf(response.body, stream.clock, attempt)) {
          waitMs = FIRST_WAIT_MS;
          if (event.id !== undefined) lastEventId = event.id;
          if (stream.onEvent(event) === 'stop') return 'stopped';
        }
      } else if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        return 'refused';
      }
    } catch {
      // No answer, or a connection that broke: both are what the loop is for.
    } finally {
      attempt.abort();
    }
    if (isOver()) break;
    await restBetween(stream, waitMs * (0.5 + stream.random()));
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
  return 'aborted';
}

async function* eventsOf(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  clock: Clock,
  attempt: AbortController,
): AsyncGenerator<EventSourceMessage> {
  let forget = clock.after(SILENCE_MS, () => attempt.abort());
  // Comments count as life too, so the bytes are watched and not the events.
  const watched = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      forget();
      forget = clock.after(SILENCE_MS, () => attempt.abort());
      controller.enqueue(chunk);
    },
  });
  const events = body
    .pipeThrough(watched)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (let next = await events.read(); !next.done; next = await events.read()) yield next.value;
  } finally {
    forget();
    await events.cancel().catch(() => undefined);
  }
}

async function restBetween(stream: ReadEventStream, ms: number): Promise<void> {
  const rest = new AbortController();
  const signal = AbortSignal.any([stream.signal, rest.signal]);
  try {
    await Promise.race([pause(stream.clock, ms, signal), stream.wake(signal)]);
  } catch {
    // Aborted: the loop looks at the signal itself.
  } finally {
    rest.abort();
  }
}
