import { request, type IncomingMessage } from 'node:http';
import type { ReplyEvent } from '@baton/contracts';
import { createParser } from 'eventsource-parser';

export interface TakenEvent {
  readonly id: string | undefined;
  readonly event: ReplyEvent;
}

/** A reader of a stream that takes nothing from its socket until it is told to go on: the network fills up behind it. */
export class StoppingReader {
  private readonly response: IncomingMessage;

  private constructor(response: IncomingMessage) {
    this.response = response;
  }

  static open(url: string, token: string, lastEventId?: string): Promise<StoppingReader> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(url, { headers, agent: false });
      outgoing.once('error', reject);
      // Without a listener for its data nothing is read.
      outgoing.once('response', (response) => {
        response.on('error', () => undefined);
        resolve(new StoppingReader(response));
      });
      outgoing.end();
    });
  }

  /** Takes everything that was on its way, up to the end of the answer or of the connection. */
  goOn(): Promise<readonly TakenEvent[]> {
    const events: TakenEvent[] = [];
    const parser = createParser({
      onEvent: ({ id, data }) => events.push({ id, event: JSON.parse(data) as ReplyEvent }),
    });
    return new Promise((resolve) => {
      this.response.setEncoding('utf8').on('data', (piece: string) => parser.feed(piece));
      this.response.once('close', () => resolve(events));
    });
  }

  leave(): void {
    this.response.destroy();
  }
}
