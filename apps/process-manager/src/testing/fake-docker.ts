import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What the daemon's newest API and its oldest are, as `GET /version` says. */
export interface ApiVersions {
  readonly newest: string;
  readonly oldest: string;
}

interface Container {
  readonly id: string;
  readonly name: string;
  readonly hasTerminal: boolean;
  /** `always`: as Docker's restart policy of that name. */
  readonly restarts: 'no' | 'always';
  readonly command: readonly string[];
  child: ChildProcess | null;
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  isPaused: boolean;
  isAskedToStop: boolean;
  readonly output: { readonly stream: 1 | 2; readonly at: Date; readonly text: string }[];
  readonly followers: Set<(entry: Container['output'][number]) => void>;
}

const NEVER = '0001-01-01T00:00:00Z';

/**
 * The part of Docker's Engine API that the driver uses, over a unix socket, with real processes as containers: the
 * statuses 204, 304, 404 and 409, the version rule (no version in the path: the newest), `State` of an inspection, the
 * stream of events, and logs in frames or, with a terminal, without.
 */
export class FakeDocker {
  readonly requests: string[] = [];
  versions: ApiVersions = { newest: '1.47', oldest: '1.24' };
  /** Inspections fail, and the rest goes on. */
  hidesState = false;
  private readonly containers = new Map<string, Container>();
  private readonly watchers = new Set<ServerResponse>();
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch((error: unknown) => refuse(response, 500, String(error)));
  });

  async listen(socketPath: string): Promise<void> {
    this.server.listen(socketPath);
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    await this.closeServer();
    for (const container of this.containers.values()) await this.end(container, 'SIGKILL');
  }

  /** Docker goes away and leaves its containers as they are. */
  async closeServer(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  create(
    name: string,
    command: readonly string[],
    more: { hasTerminal?: true; restarts?: 'always' } = {},
  ): void {
    this.containers.set(name, {
      id: Buffer.from(name.padEnd(32, '.')).toString('hex'),
      name,
      hasTerminal: more.hasTerminal ?? false,
      restarts: more.restarts ?? 'no',
      command,
      child: null,
      startedAt: NEVER,
      finishedAt: NEVER,
      exitCode: 0,
      isPaused: false,
      isAskedToStop: false,
      output: [],
      followers: new Set(),
    });
  }

  /** As `docker start` in a terminal. */
  async startByHand(name: string): Promise<void> {
    const container = this.containers.get(name);
    if (container !== undefined) await this.begin(container);
  }

  /** As `docker rm -f`, or a container's own end where it was begun with `--rm`. */
  async remove(name: string): Promise<void> {
    const container = this.containers.get(name);
    this.containers.delete(name);
    if (container !== undefined) await this.end(container, 'SIGKILL');
  }

  get eventStreams(): number {
    return this.watchers.size;
  }

  breakEvents(): void {
    for (const watcher of this.watchers) watcher.destroy();
  }

  pidOf(name: string): number | undefined {
    return this.containers.get(name)?.child?.pid;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://docker');
    const versioned = /^\/v(\d+\.\d+)(\/.*)$/.exec(url.pathname);
    const path = versioned?.[2] ?? url.pathname;
    this.requests.push(`${request.method} ${path}`);
    response.setHeader('api-version', this.versions.newest);
    const wanted = versioned?.[1];
    if (wanted !== undefined && isOlder(wanted, this.versions.oldest)) {
      refuse(
        response,
        400,
        `client version ${wanted} is too old. Minimum supported API version is ${this.versions.oldest}, please upgrade your client to a newer version`,
      );
      return;
    }
    if (wanted !== undefined && isOlder(this.versions.newest, wanted)) {
      refuse(
        response,
        400,
        `client version ${wanted} is too new. Maximum supported API version is ${this.versions.newest}`,
      );
      return;
    }
    if (path === '/_ping') return void response.end('OK');
    if (path === '/version') {
      json(response, {
        ApiVersion: this.versions.newest,
        MinAPIVersion: this.versions.oldest,
        Version: '27.0.0',
      });
      return;
    }
    if (path === '/events') {
      this.streamEvents(response);
      return;
    }
    const [, reference = '', act = ''] = /^\/containers\/([^/]+)\/(\w+)$/.exec(path) ?? [];
    const container = this.find(decodeURIComponent(reference));
    if (container === undefined) {
      refuse(response, 404, `No such container: ${reference}`);
      return;
    }
    await this.act(container, `${request.method} ${act}`, url.searchParams, response);
  }

  private find(reference: string): Container | undefined {
    return [...this.containers.values()].find(
      ({ id, name }) => name === reference || (reference.length >= 12 && id.startsWith(reference)),
    );
  }

  private async act(
    container: Container,
    what: string,
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> {
    switch (what) {
      case 'GET json': {
        if (this.hidesState) refuse(response, 500, 'layer store is locked');
        else json(response, inspection(container));
        return;
      }
      case 'GET logs': {
        this.streamLogs(container, query, response);
        return;
      }
      case 'POST start':
        if (container.isPaused) {
          refuse(response, 409, 'cannot start a paused container, try unpause instead');
          return;
        }
        if (container.child !== null) return void response.writeHead(304).end();
        try {
          await this.begin(container);
        } catch (error) {
          refuse(response, 500, `failed to create task for container: ${String(error)}`);
          return;
        }
        return void response.writeHead(204).end();
      case 'POST stop':
        if (container.child === null) return void response.writeHead(304).end();
        container.isAskedToStop = true;
        await this.end(container, 'SIGTERM', Number(query.get('t') ?? 10) * 1_000);
        return void response.writeHead(204).end();
      case 'POST kill':
        if (container.child === null) {
          refuse(
            response,
            409,
            `cannot kill container: ${container.name}: container ${container.id} is not running`,
          );
          return;
        }
        container.isAskedToStop = true;
        await this.end(container, 'SIGKILL');
        return void response.writeHead(204).end();
      case 'POST unpause':
        container.isPaused = false;
        return void response.writeHead(204).end();
      default: {
        refuse(response, 404, 'page not found');
        return;
      }
    }
  }

  private async begin(container: Container): Promise<void> {
    const [program = '', ...args] = container.command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    container.child = child;
    container.isAskedToStop = false;
    container.startedAt = now();
    child.stdout.on('data', (bytes: Buffer) => print(container, 1, bytes));
    child.stderr.on('data', (bytes: Buffer) => print(container, 2, bytes));
    this.tell(container, 'start', {});
    child.once('close', (code, signal) => {
      container.child = null;
      container.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
      container.finishedAt = now();
      this.tell(container, 'die', { exitCode: String(container.exitCode) });
      if (container.restarts === 'always' && !container.isAskedToStop) void this.begin(container);
    });
  }

  private async end(container: Container, signal: NodeJS.Signals, graceMs = 0): Promise<void> {
    const { child } = container;
    if (child === null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await closed;
    clearTimeout(insist);
  }

  private streamEvents(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.watchers.add(response);
    response.once('close', () => this.watchers.delete(response));
  }

  private tell({ id, name }: Container, action: string, attributes: Record<string, string>): void {
    const time = Date.now();
    const event = {
      status: action,
      id,
      from: 'engine:latest',
      Type: 'container',
      Action: action,
      Actor: { ID: id, Attributes: { ...attributes, image: 'engine:latest', name } },
      scope: 'local',
      time: Math.floor(time / 1_000),
      timeNano: time * 1_000_000,
    };
    for (const watcher of this.watchers) watcher.write(`${JSON.stringify(event)}\n`);
  }

  private streamLogs(container: Container, query: URLSearchParams, response: ServerResponse): void {
    const { hasTerminal, output, followers } = container;
    const kind = hasTerminal ? 'raw-stream' : 'multiplexed-stream';
    response.writeHead(200, { 'content-type': `application/vnd.docker.${kind}` });
    const send = ({ stream, at, text }: Container['output'][number]): void => {
      const line = Buffer.from(
        `${query.get('timestamps') ? `${at.toISOString().replace('Z', '000000Z')} ` : ''}${text}\n`,
      );
      response.write(hasTerminal ? line : Buffer.concat([frameHeader(stream, line.length), line]));
    };
    const tail = query.get('tail') ?? 'all';
    for (const entry of tail === 'all' ? output : output.slice(-Number(tail))) send(entry);
    if (!isTrue(query.get('follow'))) return void response.end();
    followers.add(send);
    response.once('close', () => followers.delete(send));
  }
}

function inspection({
  id,
  name,
  child,
  isPaused,
  exitCode,
  startedAt,
  finishedAt,
  hasTerminal,
  restarts,
}: Container): unknown {
  const isRunning = child !== null;
  return {
    Id: id,
    Name: `/${name}`,
    RestartCount: 0,
    State: {
      Status: isPaused ? 'paused' : isRunning ? 'running' : startedAt === NEVER ? 'created' : 'exited',
      Running: isRunning,
      Paused: isPaused,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: child?.pid ?? 0,
      ExitCode: exitCode,
      Error: '',
      StartedAt: startedAt,
      FinishedAt: finishedAt,
    },
    Config: { Tty: hasTerminal },
    HostConfig: { RestartPolicy: { Name: restarts, MaximumRetryCount: 0 } },
  };
}

function print(container: Container, stream: 1 | 2, bytes: Buffer): void {
  for (const text of bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')) {
    const entry = { stream, at: new Date(), text };
    container.output.push(entry);
    for (const follow of container.followers) follow(entry);
  }
}

function frameHeader(stream: 1 | 2, length: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(length, 4);
  return header;
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

function isOlder(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor === bMajor ? aMinor < bMinor : aMajor < bMajor;
}

let lastNow = 0;
/** Never the same twice, as with Docker's nanoseconds. */
function now(): string {
  lastNow = Math.max(Date.now(), lastNow + 1);
  return new Date(lastNow).toISOString().replace('Z', '123456Z');
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
}
