import { request } from 'node:http';
import type { ReplyEvent } from '@baton/contracts';
import { createParser } from 'eventsource-parser';

export interface ReadPart {
  /** Whole events only, as a browser hands them on. */
  readonly events: readonly { readonly id: string | undefined; readonly event: ReplyEvent }[];
  /** False when the connection was cut before the answer had ended. */
  readonly isWhole: boolean;
}

export interface PartToRead {
  readonly url: string;
  readonly token: string;
  /** Sent as `Last-Event-ID`, unless there is none yet. */
  readonly lastEventId: string | undefined;
  /** The connection is cut when so many bytes of the body are there, wherever in a character that is. */
  readonly bytes: number;
}

/** Reads a stream of events as a browser does, over a connection that breaks. */
export function readUntilCut({ url, token, lastEventId, bytes }: PartToRead): Promise<ReadPart> {
  const events: { id: string | undefined; event: ReplyEvent }[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => events.push({ id, event: JSON.parse(data) as ReplyEvent }),
  });
  const decoder = new TextDecoder();
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const outgoing = request(url, { headers, agent: false });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let left = bytes;
      let isWhole = true;
      response.on('data', (piece: Buffer) => {
        const taken = piece.subarray(0, left);
        left -= taken.length;
        parser.feed(decoder.decode(taken, { stream: true }));
        if (left > 0) return;
        isWhole = false;
        response.destroy();
      });
      response.once('error', () => (isWhole = false));
      response.once('close', () => {
        if (response.statusCode === 200) resolve({ events, isWhole: isWhole && response.complete });
        else reject(new Error(`answered ${response.statusCode}`));
      });
    });
    outgoing.end();
  });
}
