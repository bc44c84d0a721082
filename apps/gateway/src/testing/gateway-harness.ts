import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { session } from '@baton/contracts';
import { startService, type StartedService } from '@baton/platform';
import { eventually, startRedis } from '@baton/testing';
import { AppModule } from '../app.module.ts';
import { readConfig, type GatewayConfig } from '../config.ts';
import { configureHttp } from '../http-edge.ts';
import { httpServerOptions } from '../http-server.ts';
import { FakeServices, startFakeServices } from './fake-services.ts';

export const JWT_SECRET = 'a secret that only these tests know';
const INTERNAL_SECRET = 'an internal secret for tests';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or undefined without a body. */
  readonly body: unknown;
}

export interface Ask {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly rawBody?: string;
}

interface HarnessParts {
  readonly services: StartedService;
  readonly fake: FakeServices;
  readonly redisUrl: string;
  readonly dataDir: string;
  readonly config: GatewayConfig;
  readonly requestMs: number | undefined;
}

/** A whole gateway in this process: real HTTP, real SQLite, real Redis, and fakes behind the real TCP edge. */
export class GatewayHarness {
  readonly url: string;
  readonly redisUrl: string;
  readonly fake: FakeServices;
  readonly app: StartedService['app'];
  readonly dataDir: string;
  private readonly services: StartedService;
  private readonly parts: HarnessParts;

  private constructor(gateway: StartedService, parts: HarnessParts) {
    this.parts = parts;
    this.url = `http://${gateway.http}`;
    this.app = gateway.app;
    this.services = parts.services;
    this.fake = parts.fake;
    this.redisUrl = parts.redisUrl;
    this.dataDir = parts.dataDir;
  }

  static async start(
    env: Readonly<Record<string, string>> = {},
    requestMs?: number,
  ): Promise<GatewayHarness> {
    const redisUrl = env['REDIS_URL'] ?? (await startRedis()).url;
    const dataDir = mkdtempSync(join(tmpdir(), 'baton-gateway-'));
    const fake = new FakeServices();
    const services = await startFakeServices(fake, INTERNAL_SECRET, redisUrl);
    const config = readConfig({
      REDIS_URL: redisUrl,
      BATON_INTERNAL_SECRET: INTERNAL_SECRET,
      BATON_DATA_DIR: dataDir,
      HTTP_PORT: '0',
      LOG_LEVEL: 'fatal',
      JWT_SECRET,
      CHAT_SERVICE_ADDRESS: String(services.rpc),
      IMAGE_SERVICE_ADDRESS: String(services.rpc),
      GPU_SCHEDULER_ADDRESS: String(services.rpc),
      PROCESS_MANAGER_ADDRESS: String(services.rpc),
      IMAGE_SERVICE_URL: `http://${services.http}`,
      WEB_DIR: join(dataDir, 'web'),
      ...env,
    });
    return GatewayHarness.run({ services, fake, redisUrl, dataDir, config, requestMs });
  }

  private static async run(parts: HarnessParts): Promise<GatewayHarness> {
    const { config, requestMs } = parts;
    const gateway = await startService({
      service: config.service,
      module: AppModule.forRoot(config),
      http: config.http,
      rpc: null,
      logLevel: config.logLevel,
      internalSecret: config.internalSecret,
      fastify: httpServerOptions(config, requestMs),
      configureHttp: (app) => configureHttp(app, config),
    });
    const harness = new GatewayHarness(gateway, parts);
    // As the launcher does: what comes before is answered too, but counts attempts in memory instead of Redis.
    await eventually(async () => (await harness.ask('/health/ready')).status === 200);
    return harness;
  }

  /** Ends this gateway and starts the next one, with the same data, Redis and services behind it. */
  async restart(): Promise<GatewayHarness> {
    await this.app.close();
    return GatewayHarness.run(this.parts);
  }

  async ask(path: string, { method = 'GET', token, json, headers = {}, rawBody }: Ask = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(rawBody === undefined ? {} : { body: rawBody }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text || undefined,
    };
  }

  /** Registers a user and gives the access token. */
  async register(username: string, password = 'a long enough password'): Promise<string> {
    const answer = await this.ask('/api/auth/register', { method: 'POST', json: { username, password } });
    if (answer.status !== 201) throw new Error(`not registered: ${JSON.stringify(answer.body)}`);
    return session.parse(answer.body).access_token;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.services.app.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** The value of the refresh cookie that an answer sets, with its attributes. */
export function refreshCookie(answer: Answer): { readonly pair: string; readonly attributes: string } {
  const header = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('baton_refresh='));
  if (header === undefined) throw new Error('the answer sets no refresh cookie');
  const [pair = '', ...attributes] = header.split('; ');
  return { pair, attributes: attributes.join('; ') };
}
