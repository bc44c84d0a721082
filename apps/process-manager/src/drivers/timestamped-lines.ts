import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from '../core/engine-driver.ts';

const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*(Z|[+-]\d\d:\d\d) ?(.*)$/s;

/** A line as Docker and Kubernetes send it when they are asked for times: RFC 3339 with nanoseconds, a blank, the text. */
export function readStampedLine(text: string): LogLine {
  const [, time = '', zone = '', said = ''] = STAMPED.exec(text) ?? [];
  const atMs = Date.parse(time + zone);
  return Number.isNaN(atMs) ? { atMs: 0, text } : { atMs, text: said };
}

/** A program that prints no line end (a bar of progress) is not gathered for ever. More than any entry of a journal. */
const LINE_LIMIT = 1_048_576;

/** At the reader's pace. Leaving the loop destroys the stream. */
export async function* readStampedLines(stream: Readable): AsyncGenerator<LogLine> {
  for await (const text of splitLines(stream)) {
    if (text !== '') yield readStampedLine(text);
  }
}

/** Throws what the stream breaks off with (`readline` would swallow it). Leaving the loop destroys the stream. */
export async function* splitLines(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const bytes of stream as AsyncIterable<Buffer>) {
    const parts = (rest + decoder.write(bytes)).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > LINE_LIMIT) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}
