import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Pod {
  readonly name: string;
  readonly uid: string;
  child: ChildProcess | null;
  restartCount: number;
  lastExit: { exitCode: number } | null;
  deletedAt: string | null;
  readonly output: { readonly at: Date; readonly text: string }[];
  readonly followers: Set<(entry: Pod['output'][number]) => void>;
}

const TOKEN = 'token-of-the-service-account';
const NAMESPACE = 'gpu';

/**
 * The part of the Kubernetes API that the driver uses, over HTTP with a bearer token, with the controller behind it: a
 * real process for each pod. Scale as a subresource with resource versions (409 on an old one), lists by selector,
 * deletion with a grace period, container restarts as the kubelet makes them, logs with times; errors are `Status`.
 */
export class FakeKubernetes {
  readonly requests: string[] = [];
  /** What the service account may do. */
  allows: 'all' | 'nothing' = 'all';
  /** How many writes from now on meet somebody else's that came first. */
  conflicts = 0;
  /** Why a new pod's container does not start; null when it does. */
  waitingReason: string | null = null;
  /** A pod that is asked to end does not, until it is taken away without grace. */
  endsLate = false;
  private readonly name: string;
  private readonly command: readonly string[];
  private replicas = 0;
  private version = 100;
  private pods: Pod[] = [];
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch((error: unknown) =>
      fail(response, 500, 'InternalError', String(error)),
    );
  });

  constructor(name: string, command: readonly string[]) {
    this.name = name;
    this.command = command;
  }

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async close(): Promise<void> {
    this.replicas = 0;
    this.server.close();
    this.server.closeAllConnections();
    for (const pod of [...this.pods]) await this.remove(pod, 'SIGKILL');
  }

  /** A kubeconfig as `kubectl` reads it: JSON is YAML. */
  writeKubeconfig(path: string, token = TOKEN): void {
    const server = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'home', cluster: { server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'baton', user: { token } }],
      contexts: [{ name: 'home', context: { cluster: 'home', user: 'baton', namespace: NAMESPACE } }],
      'current-context': 'home',
    };
    writeFileSync(path, JSON.stringify(config));
  }

  /** As `kubectl scale` in a terminal. */
  async scaleByHand(replicas: number): Promise<void> {
    await this.scaleTo(replicas);
  }

  get podCount(): number {
    return this.pods.length;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://kubernetes');
    this.requests.push(`${request.method} ${url.pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      fail(response, 401, 'Unauthorized', 'Unauthorized');
      return;
    }
    if (this.allows === 'nothing') {
      fail(
        response,
        403,
        'Forbidden',
        `forbidden: User "system:serviceaccount:${NAMESPACE}:baton" cannot do this`,
      );
      return;
    }
    const scale = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${this.name}/scale`;
    const podList = `/api/v1/namespaces/${NAMESPACE}/pods`;
    if (url.pathname === scale) {
      if (request.method === 'PUT') return this.putScale(Buffer.concat(chunks), response);
      json(response, this.scale());
      return;
    }
    if (url.pathname === podList) {
      this.listPods(url.searchParams, response);
      return;
    }
    const [, name, act] = new RegExp(`^${podList}/([^/]+)(?:/(\\w+))?$`).exec(url.pathname) ?? [];
    const pod = this.pods.find((one) => one.name === name);
    if (pod === undefined) {
      fail(response, 404, 'NotFound', `"${url.pathname.split('/').at(-1)}" not found`);
      return;
    }
    if (request.method === 'DELETE') {
      void this.remove(pod, 'SIGKILL');
      json(response, this.view(pod));
      return;
    }
    if (act === 'log') {
      streamLog(pod, url.searchParams, response);
      return;
    }
    json(response, this.view(pod));
  }

  private async putScale(body: Buffer, response: ServerResponse): Promise<void> {
    const wanted = JSON.parse(body.toString()) as {
      metadata: { resourceVersion?: string };
      spec: { replicas?: number };
    };
    this.conflicts -= 1;
    if (this.conflicts >= 0) this.version += 1;
    const given = wanted.metadata.resourceVersion;
    if (given !== undefined && given !== String(this.version)) {
      fail(
        response,
        409,
        'Conflict',
        `Operation cannot be fulfilled on deployments.apps "${this.name}": the object has been modified; please apply your changes to the latest version and try again`,
      );
      return;
    }
    await this.scaleTo(wanted.spec.replicas ?? 0);
    json(response, this.scale());
  }

  private async scaleTo(replicas: number): Promise<void> {
    this.version += 1;
    this.replicas = replicas;
    while (this.pods.filter(({ deletedAt }) => deletedAt === null).length < replicas) await this.createPod();
    for (const pod of this.pods.slice(replicas)) {
      pod.deletedAt = new Date().toISOString();
      if (!this.endsLate) void this.remove(pod, 'SIGTERM');
    }
  }

  private async createPod(): Promise<void> {
    const pod: Pod = {
      name: `${this.name}-6d4cf56db6-${randomUUID().slice(0, 5)}`,
      uid: randomUUID(),
      child: null,
      restartCount: 0,
      lastExit: null,
      deletedAt: null,
      output: [],
      followers: new Set(),
    };
    this.pods.push(pod);
    if (this.waitingReason === null) await this.run(pod);
  }

  private async run(pod: Pod): Promise<void> {
    const [program = '', ...args] = this.command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    pod.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => print(pod, bytes));
    child.once('close', (code) => {
      pod.child = null;
      pod.lastExit = { exitCode: code ?? 137 };
      const isOver = pod.deletedAt !== null || !this.pods.includes(pod);
      if (isOver) return;
      pod.restartCount += 1;
      void this.run(pod);
    });
  }

  private async remove(pod: Pod, signal: NodeJS.Signals): Promise<void> {
    pod.deletedAt ??= new Date().toISOString();
    const { child } = pod;
    if (child !== null) {
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
    }
    this.pods = this.pods.filter((other) => other !== pod);
  }

  private scale(): unknown {
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name: this.name,
        namespace: NAMESPACE,
        uid: 'a-uid',
        resourceVersion: String(this.version),
      },
      spec: this.replicas === 0 ? {} : { replicas: this.replicas },
      status: { replicas: this.pods.length, selector: `app=${this.name}` },
    };
  }

  private listPods(query: URLSearchParams, response: ServerResponse): void {
    const isAsked = query.get('labelSelector') === `app=${this.name}`;
    json(response, {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(this.version) },
      items: isAsked ? this.pods.map((pod) => this.view(pod)) : [],
    });
  }

  private view(pod: Pod): unknown {
    const isReady = pod.child !== null && pod.deletedAt === null;
    const waiting = { reason: this.waitingReason ?? 'ContainerCreating' };
    return {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: pod.name,
        namespace: NAMESPACE,
        uid: pod.uid,
        labels: { app: this.name },
        ...(pod.deletedAt === null
          ? {}
          : { deletionTimestamp: pod.deletedAt, deletionGracePeriodSeconds: 30 }),
      },
      spec: { containers: [{ name: 'engine', image: 'engine:latest' }] },
      status: {
        phase: pod.child === null ? 'Pending' : 'Running',
        conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
        containerStatuses: [
          {
            name: 'engine',
            ready: isReady,
            restartCount: pod.restartCount,
            image: 'engine:latest',
            imageID: '',
            state: pod.child === null ? { waiting } : { running: { startedAt: new Date().toISOString() } },
            lastState: pod.lastExit === null ? {} : { terminated: pod.lastExit },
          },
        ],
      },
    };
  }
}

function print(pod: Pod, bytes: Buffer): void {
  for (const text of bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')) {
    const entry = { at: new Date(), text };
    pod.output.push(entry);
    for (const follow of pod.followers) follow(entry);
  }
}

function streamLog({ output, followers }: Pod, query: URLSearchParams, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  const send = ({ at, text }: Pod['output'][number]): void => {
    const stamp = query.get('timestamps') === 'true' ? `${at.toISOString().replace('Z', '123456Z')} ` : '';
    response.write(`${stamp}${text}\n`);
  };
  for (const entry of output.slice(-Number(query.get('tailLines') ?? output.length))) send(entry);
  if (query.get('follow') !== 'true') return void response.end();
  followers.add(send);
  response.once('close', () => followers.delete(send));
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function fail(response: ServerResponse, code: number, reason: string, message: string): void {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
