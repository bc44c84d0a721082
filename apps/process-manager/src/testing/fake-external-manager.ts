import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Service = 'ollama' | 'comfyui';

/** A process manager with the API of the seeds: one of two real processes runs, and a switch exchanges them. */
export class FakeExternalManager {
  readonly requests: string[] = [];
  readonly token: string | null;
  /** Every switch from now on is refused. */
  isBroken = false;
  private readonly commands: Readonly<Record<Service, readonly string[]>>;
  private running: { readonly service: Service; readonly child: ChildProcess } | null = null;
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch(() => response.writeHead(500).end());
  });

  constructor(commands: Readonly<Record<Service, readonly string[]>>, token: string | null = null) {
    this.commands = commands;
    this.token = token;
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await this.end();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://manager');
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (this.token !== null && request.headers.authorization !== `Bearer ${this.token}`) {
      return void response.writeHead(401).end();
    }
    if (request.method === 'GET' && url.pathname === '/api/process/status') {
      this.tell(response);
      return;
    }
    const service = url.searchParams.get('service');
    const isSwitch = request.method === 'POST' && url.pathname === '/api/process/switch';
    if (!isSwitch || (service !== 'ollama' && service !== 'comfyui'))
      return void response.writeHead(404).end();
    if (this.isBroken) return void response.writeHead(500).end();
    if (this.running?.service !== service) {
      await this.end();
      const [program = '', ...args] = this.commands[service];
      const child = spawn(program, args, { stdio: 'ignore' });
      await once(child, 'spawn');
      this.running = { service, child };
    }
    this.tell(response);
  }

  private tell(response: ServerResponse): void {
    const isRunning = (service: Service): { running: boolean } => ({
      running: this.running?.service === service,
    });
    const status = { ollama: isRunning('ollama'), comfyui: isRunning('comfyui') };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
  }

  private async end(): Promise<void> {
    const child = this.running?.child;
    this.running = null;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  }
}
