/** One event as it came over the wire. */
export interface ReadEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Reads a `text/event-stream` answer event by event. Comments and `retry` are skipped, but counted. */
export class EventReader {
  comments = 0;
  private readonly body: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  private text = '';
  private isOver = false;

  constructor(response: Response) {
    if (response.body === null) throw new Error('the answer has no body');
    this.body = response.body.getReader();
  }

  /** The next event, or undefined at the end of the answer. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        const event = this.parse(block);
        if (event !== undefined) return event;
      } else if (this.isOver) {
        return undefined;
      } else {
        const { done, value } = await this.body.read();
        this.isOver = done;
        this.text += this.decoder.decode(value, { stream: !done });
      }
    }
  }

  /** Everything up to the end of the answer. */
  async rest(): Promise<ReadEvent[]> {
    const events: ReadEvent[] = [];
    for (let event = await this.next(); event !== undefined; event = await this.next()) events.push(event);
    return events;
  }

  /** Leaves, as a closed tab does. */
  leave(): Promise<void> {
    return this.body.cancel();
  }

  private parse(block: string): ReadEvent | undefined {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments += 1;
      const colon = line.indexOf(': ');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const event = fields.get('event');
    if (event === undefined) return undefined;
    return { id: fields.get('id'), event, data: JSON.parse(fields.get('data') ?? 'null') };
  }
}
