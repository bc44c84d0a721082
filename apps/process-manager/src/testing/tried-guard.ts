import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import { laneKey, type EngineName, type Lane } from '@baton/contracts';
import { eventually } from '@baton/testing';
import { Gate } from '../core/gate.ts';
import { FenceStore } from '../swap/fence.store.ts';
import { GuardService } from '../guard/guard.service.ts';

export const LLAMA = { engine: 'ollama', instance: 'main', model: 'llama3:8b' } as const satisfies Lane;
export const COMFYUI = { engine: 'comfyui' } as const satisfies Lane;

/** A guard behind a server of this process, its gate open for one lane with fence 7, and `lease-1` admitted. */
export class TriedGuard {
  readonly service: GuardService;
  readonly errors: EngineName[] = [];
  private readonly addresses = new Map<EngineName, string>();
  private readonly closers: (() => unknown)[] = [];
  private readonly lane: Lane;
  private lease = 'lease-1';
  private address = '';

  private constructor(lane: Lane, folder: string) {
    this.lane = lane;
    const fences = new FenceStore(join(folder, 'fence.json'));
    const gate = new Gate(fences.highestFence);
    this.service = new GuardService({
      gate,
      fences,
      clock: systemClock,
      revokeTimeoutMs: 5_000,
      metrics: { passed: () => undefined, refused: () => undefined },
      engines: {
        urlOf: (engine) => this.addresses.get(engine) ?? null,
        endPrompts: () => Promise.resolve(true),
      },
      onEngineError: (engine) => this.errors.push(engine),
    });
    gate.seeFence(7);
    gate.open({ key: laneKey(lane), engine: lane.engine });
    this.service.admit('lease-1', 7, lane);
    this.closers.push(() => rmSync(folder, { recursive: true, force: true }));
  }

  /** Lets a lease in whose work needs these models too; what is asked from now on goes under it. */
  admitAlso(models: readonly string[]): void {
    this.lease = 'lease-2';
    this.service.admit(this.lease, 7, this.lane, models);
  }

  static async start(lane: Lane): Promise<TriedGuard> {
    const tried = new TriedGuard(lane, mkdtempSync(join(tmpdir(), 'baton-guard-')));
    const { server, url } = await tried.listen(
      (request, response) => void tried.service.handle(request, response),
    );
    server.on('upgrade', (request, socket, head) => tried.service.handleUpgrade(request, socket, head));
    tried.address = url;
    tried.closers.push(() => tried.service.close());
    return tried;
  }

  get url(): string {
    return this.address;
  }

  /** An engine that answers so. */
  async serve(engine: EngineName, listener: RequestListener): Promise<{ server: Server }> {
    const { server, url } = await this.listen(listener);
    this.addresses.set(engine, url);
    return { server };
  }

  /** An engine that keeps every request open until the test goes on. */
  async hold(engine: EngineName) {
    const arrived: { request: IncomingMessage; response: ServerResponse }[] = [];
    await this.serve(engine, (request, response) => arrived.push({ request, response }));
    return { arrived, next: () => eventually(() => arrived[0]) };
  }

  ask(path: string, init: { method?: string; headers?: Record<string, string> } = {}): ClientRequest {
    const outgoing = httpRequest(`${this.address}${path}`, {
      method: init.method ?? 'GET',
      headers: { 'x-baton-lease': this.lease, 'x-baton-fence': '7', ...init.headers },
      agent: false,
    });
    outgoing.on('error', () => undefined);
    return outgoing;
  }

  async close(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
  }

  private async listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.closers.push(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }
}

export async function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  incoming.on('error', () => undefined);
  return incoming;
}

export async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
