import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';

/** The one account that the server knows. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const BUCKET = 'pictures';
const OBJECT = '._S3rver_object';

export interface LocalS3Settings {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly credentials: typeof CREDENTIALS;
  readonly isPathStyle: boolean;
}

/** An answer that is kept back, although what was asked for is done. */
export interface HeldAnswer {
  /** Resolves when the request has been carried out. */
  readonly reached: Promise<void>;
  release(): void;
}

/**
 * An S3 server on a free port of this machine, with one bucket. It checks keys; signatures only where `isStrict`, since
 * it does not agree with the client about the slash at the end of a bucket's address.
 */
export class LocalS3 {
  readonly settings: LocalS3Settings;
  private readonly directory: string;
  private readonly answer: RequestListener;
  private server: Server | null;
  private held: { readonly asked: RegExp; reach(): void; readonly released: Promise<void> } | null = null;

  private constructor(parts: { directory: string; answer: RequestListener; server: Server }) {
    this.directory = parts.directory;
    this.answer = parts.answer;
    this.server = parts.server;
    const { port } = parts.server.address() as AddressInfo;
    this.settings = {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: BUCKET,
      prefix: 'baton/',
      credentials: CREDENTIALS,
      isPathStyle: true,
    };
    parts.server.on('request', (...exchange) => this.pass(...exchange));
  }

  static async start({ isStrict = false }: { readonly isStrict?: boolean } = {}): Promise<LocalS3> {
    const directory = await mkdtemp(join(tmpdir(), 'local-s3-'));
    const s3 = new S3rver({
      silent: true,
      directory,
      allowMismatchedSignatures: !isStrict,
      configureBuckets: [{ name: BUCKET }],
    });
    await s3.configureBuckets();
    return new LocalS3({ directory, answer: s3.callback(), server: await listen(0) });
  }

  /** Keys of all objects, sorted. */
  async keys(): Promise<string[]> {
    const folder = join(this.directory, BUCKET);
    const entries = await readdir(folder, { recursive: true });
    return entries.flatMap((path) => (path.endsWith(OBJECT) ? [path.slice(0, -OBJECT.length)] : [])).sort();
  }

  /** Nobody listens there any more, and who was connected no longer is. What was stored stays. */
  async goAway(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    this.server = null;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async comeBack(): Promise<void> {
    if (this.server !== null) return;
    this.server = await listen(Number(new URL(this.settings.endpoint).port));
    this.server.on('request', (...exchange) => this.pass(...exchange));
  }

  /** Keeps back the next answer to a request whose `METHOD /path` fits. */
  holdNext(asked: RegExp): HeldAnswer {
    const [reached, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    this.held = { asked, reach: () => reached.resolve(undefined), released: released.promise };
    return { reached: reached.promise, release: () => released.resolve(undefined) };
  }

  async stop(): Promise<void> {
    await this.goAway();
    await rm(this.directory, { recursive: true, force: true });
  }

  private pass(...[request, response]: Parameters<RequestListener>): void {
    const { held } = this;
    if (held?.asked.test(`${request.method ?? ''} ${request.url ?? ''}`) === true) {
      this.held = null;
      const end = response.end.bind(response) as (...parts: unknown[]) => unknown;
      response.end = ((...parts: unknown[]) => {
        held.reach();
        void held.released.then(() => end(...parts));
        return response;
      }) as typeof response.end;
    }
    this.answer(request, response);
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
