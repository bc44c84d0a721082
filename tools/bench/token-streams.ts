import { request } from 'node:http';
import type { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { machineTimeUs } from './paced-ollama.ts';

/** Streams begin one after the other, so that their tokens do not come in one burst. */
const SPREAD_MS = 400;

export interface Stream {
  readonly agent: Agent;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A token: when it was made and when it was here, milliseconds. */
export interface Token {
  readonly madeMs: number;
  readonly hereMs: number;
}

/** What came of a stream. */
export interface Read {
  readonly tokens: readonly Token[];
  /** Exactly the tokens that were asked for, each later than the one before: none lost, none twice, none out of turn. */
  readonly isWhole: boolean;
  /** The last event, which says why. */
  readonly last: string;
}

/** Is told what happens to many streams while they are read. */
export interface StreamsWatch {
  onToken(isFirst: boolean): void;
  onEnd(): void;
}

/** One person reads all of them, and the engine answers all of them at once. */
export function manyStreams(streams: number): Record<string, string> {
  return { OLLAMA_MAX_CONCURRENT: String(streams), STREAMS_PER_USER: String(streams) };
}

export async function openStreams(open: () => Promise<Stream>, count: number): Promise<Stream[]> {
  const streams: Stream[] = [];
  for (let at = 0; at < count; at += 1) streams.push(await open());
  return streams;
}

/** Reads all of them to their end, side by side. */
export function readStreams(
  streams: readonly Stream[],
  tokens: number,
  watch?: StreamsWatch,
): Promise<Read[]> {
  return Promise.all(
    streams.map(async (stream, at) => {
      await pause((SPREAD_MS * at) / streams.length);
      return readTokens(stream, tokens, watch);
    }),
  );
}

function readTokens(
  { agent, url, headers, body }: Stream,
  wanted: number,
  watch: StreamsWatch | undefined,
): Promise<Read> {
  const payload = Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const tokens: Token[] = [];
    const outgoing = request(url, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': payload.length, ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let rest = '';
      let last = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        const hereMs = machineTimeUs() / 1_000;
        const blocks = (rest + piece).split('\n\n');
        rest = blocks.pop() ?? '';
        last = blocks.at(-1) ?? last;
        for (const [, made] of blocks.join('\n').matchAll(/ t(\d+)/g)) {
          tokens.push({ madeMs: Number(made) / 1_000, hereMs });
          watch?.onToken(tokens.length === 1);
        }
      });
      response.once('error', reject);
      // A stream that ends early is counted, not thrown: the others still say something.
      response.once('end', () => {
        watch?.onEnd();
        resolve({ tokens, isWhole: tokens.length === wanted && isInOrder(tokens), last });
      });
    });
    outgoing.end(payload);
  });
}

function isInOrder(tokens: readonly Token[]): boolean {
  return tokens.every(({ madeMs }, at) => madeMs > (tokens[at - 1]?.madeMs ?? 0));
}
