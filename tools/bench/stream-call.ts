import { Agent, request } from 'node:http';

/** One streamed answer to time. */
export interface StreamCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** What the stream holds from its first token on, and not before. */
  readonly marker: string;
}

/** Makes calls over one kept connection, as a browser or a service does. */
export class StreamCaller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** Resolves, when the answer has ended, with the milliseconds to its first token. Rejects when there was none. */
  timeToFirst({ url, headers, body, marker }: StreamCall): Promise<number> {
    const payload = Buffer.from(JSON.stringify(body));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const startedAt = performance.now();
    const outgoing = request(url, {
      agent: this.#agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': payload.length, ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      let firstMs: number | null = null;
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (firstMs === null && text.includes(marker)) firstMs = performance.now() - startedAt;
      });
      response.once('error', reject);
      response.once('end', () => {
        if (firstMs !== null) resolve(firstMs);
        else reject(new Error(`no first token from ${url} (${response.statusCode}): ${text.slice(0, 500)}`));
      });
    });
    outgoing.end(payload);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
