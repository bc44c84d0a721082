import { Server, type AddressInfo } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProblemFilter } from './http/problem.filter.ts';
import { unroutedAnswers } from './http/unrouted.ts';
import { createValidationPipe } from './http/validation.pipe.ts';
import { acceptCorrelationId, runWithCorrelation } from './logging/correlation.ts';
import { Log, NestLog, createLogger } from './logging/log.ts';
import { CallInterceptor } from './rpc/call.interceptor.ts';

export interface Listen {
  readonly host: string;
  /** 0 lets the system choose; the address is then told in the `ready` message. */
  readonly port: number;
}

export interface ServiceOptions {
  readonly service: string;
  readonly module: DynamicModule | Type;
  readonly http: Listen;
  /** Null for a service that answers no calls. */
  readonly rpc: Listen | null;
  /** The longest request of a call, for a service that takes long ones. */
  readonly maxCallBytes?: number;
  readonly logLevel: string;
  readonly internalSecret: string;
  readonly fastify?: ConstructorParameters<typeof FastifyAdapter>[0];
  /** Runs before the app listens: plugins, static files, documentation. */
  readonly configureHttp?: (app: NestFastifyApplication) => Promise<void> | void;
}

/** What a service tells its parent over IPC, and its log, once it answers. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly service: string;
  readonly http: string;
  readonly rpc: string | null;
}

const SHUTDOWN_DEADLINE_MS = 8_000;

export interface StartedService {
  readonly app: NestFastifyApplication;
  /** `host:port` where it answers. */
  readonly http: string;
  readonly rpc: string | null;
}

/** Runs a service as this process: one way for all, so that whoever knows one knows them all. */
export async function bootstrapService(options: ServiceOptions): Promise<NestFastifyApplication> {
  const log = new Log(createLogger(options.service, options.logLevel));
  const started = await startService(options).catch((error: unknown) => {
    log.error('service.start', error);
    return process.exit(1);
  });
  stopOnSignals(started.app, log);
  announce(started, options, log);
  return started.app;
}

/** Nearly no request of ours comes near; what a stranger sends is held in memory until the secret could be checked. */
const MAX_CALL_BYTES = 4 * 1_048_576;

/** Builds a service and lets it listen, inside a process that has a life of its own: a test. */
export async function startService(options: ServiceOptions): Promise<StartedService> {
  const logger = createLogger(options.service, options.logLevel);
  const log = new Log(logger);
  const app = await NestFactory.create<NestFastifyApplication>(
    options.module,
    new FastifyAdapter({
      forceCloseConnections: true,
      bodyLimit: 1_048_576,
      ...unroutedAnswers,
      ...fastifyObject(options.fastify),
    }),
    { logger: new NestLog(logger), abortOnError: false },
  );
  carryCorrelation(app);
  app.useGlobalFilters(new ProblemFilter(log));
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalInterceptors(new CallInterceptor(options.internalSecret, log));
  if (options.rpc !== null) {
    app.connectMicroservice<MicroserviceOptions>(
      {
        transport: Transport.TCP,
        options: { ...options.rpc, maxBufferSize: options.maxCallBytes ?? MAX_CALL_BYTES },
      },
      { inheritAppConfig: true },
    );
  }
  await options.configureHttp?.(app);
  await app.startAllMicroservices();
  answerPromptly(app);
  await app.listen(options.http.port, options.http.host);
  return {
    app,
    http: hostPort(options.http.host, app.getHttpServer().address()),
    rpc: options.rpc === null ? null : hostPort(options.rpc.host, rpcServer(app)?.address() ?? null),
  };
}

function fastifyObject(given: ServiceOptions['fastify']): object {
  return typeof given === 'object' ? given : {};
}

/** Every request runs inside its correlation id, which is also told to the client. */
function carryCorrelation(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      const id = acceptCorrelationId(request.headers['x-correlation-id']);
      void reply.header('x-correlation-id', id);
      runWithCorrelation(id, done);
    });
}

/** SIGTERM, SIGINT, or the end of the parent: close once, with a deadline, so that no service outlives its stack. */
function stopOnSignals(app: NestFastifyApplication, log: Log): void {
  let isStopping = false;
  const stop = (cause: string): void => {
    if (isStopping) return;
    isStopping = true;
    const deadline = setTimeout(() => {
      log.warn('service.stop_late', { cause });
      process.exit(1);
    }, SHUTDOWN_DEADLINE_MS);
    deadline.unref();
    log.event('service.stop', { cause });
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('service.stop', error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));
  if (process.connected) process.once('disconnect', () => stop('parent gone'));
  // There is a channel, and it closed while this service was still starting.
  else if (process.send !== undefined) stop('parent gone');
  process.on('unhandledRejection', (error) => {
    log.error('service.unhandled', error);
    stop('unhandled rejection');
  });
}

function announce({ http, rpc }: StartedService, options: ServiceOptions, log: Log): void {
  const ready: ReadyMessage = { type: 'ready', service: options.service, http, rpc };
  log.event('service.ready', { http: ready.http, rpc: ready.rpc, ms: Math.round(performance.now()) });
  if (process.connected) process.send?.(ready);
}

/** As `CallClient` asks: no answer waits for the acknowledgement of the one before. */
function answerPromptly(app: NestFastifyApplication): void {
  rpcServer(app)?.on('connection', (socket) => socket.setNoDelay(true));
}

function rpcServer(app: NestFastifyApplication): Server | null {
  const server: unknown = app.getMicroservices()[0]?.unwrap<unknown>();
  return server instanceof Server ? server : null;
}

function hostPort(host: string, address: AddressInfo | string | null): string {
  return typeof address === 'object' && address !== null ? `${host}:${address.port}` : String(address);
}
