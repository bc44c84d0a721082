import cookie from '@fastify/cookie';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '@baton/kernel';
import { Log, Metrics, RedisConnections } from '@baton/platform';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from './auth/current-user.ts';
import type { GatewayConfig } from './config.ts';
import { takeLargeImports } from './chats/transfers.controller.ts';
import { serveDocs } from './docs/docs-pages.ts';
import { RequestLimits } from './limits/request-limits.service.ts';
import { serveQueueBoard } from './ops/queue-board.ts';
import { OpsPasses } from './ops/ops-pass.service.ts';
import { UPLOAD_PATH } from './images/uploads.controller.ts';
import { serveWebPage } from './web/web-page.ts';
import { EventSockets } from './ws/event-sockets.service.ts';
import { serveWebSocket } from './ws/serve-web-socket.ts';

/** Everything about HTTP that is not a route: headers, cookies, cross-origin rules, documents, the page, the log line. */
export async function configureHttp(app: NestFastifyApplication, config: GatewayConfig): Promise<void> {
  const server = app.getHttpAdapter().getInstance();
  logRequests(server, app.get(Log), app.get(Metrics));
  takeLargeImports(server);
  await server.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Only a proxy that ends TLS knows whether the name is served over https alone.
    strictTransportSecurity: false,
  });
  await server.register(cors, {
    origin: config.http.corsOrigins.length === 0 ? false : [...config.http.corsOrigins],
    credentials: true,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'last-event-id', 'x-correlation-id'],
    exposedHeaders: ['content-disposition', 'retry-after', 'x-correlation-id'],
    maxAge: 600,
  });
  await server.register(cookie);
  // One file and nothing else; its size is bounded where it is read.
  await server.register(multipart, { limits: { files: 1, fields: 0, parts: 1, headerPairs: 20 } });
  // After the headers: a refusal carries them too, and a page that may ask can read it.
  refuseOtherBodies(server);
  keepOutOfCaches(server);
  await serveWebSocket(server, {
    sockets: app.get(EventSockets),
    requests: app.get(RequestLimits),
    allowedOrigins: config.http.corsOrigins,
  });
  serveDocs(app);
  await serveQueueBoard(server, {
    redis: app.get(RedisConnections),
    passes: app.get(OpsPasses),
    log: app.get(Log),
    nodes: config.nodes,
  });
  await serveWebPage(server, config.webDir);
}

/**
 * Bodies are JSON. A form from another site could be sent without the browser asking first, so forms are not read, but for
 * uploads: those need the token in a header like everything else, which no foreign form can send.
 */
function refuseOtherBodies(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    const type = request.headers['content-type'];
    const isUpload =
      request.routeOptions.url === UPLOAD_PATH && /^multipart\/form-data\s*;/i.test(type ?? '');
    if (type === undefined || isUpload || /^application\/json\s*(;|$)/i.test(type)) done();
    else done(new AppError('request.unsupported_media_type'));
  });
}

/** What the API answers is one person's, and some of it is a token. Pictures, which never change, say so themselves. */
function keepOutOfCaches(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
    done();
  });
}

/** One event and one measure for each request that reached a route or missed all of them. */
function logRequests(server: FastifyInstance, log: Log, metrics: Metrics): void {
  const seconds = metrics.histogram({
    name: 'baton_gateway_http_request_seconds',
    help: 'Time from the request to the end of its answer, streams included',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10, 60, 600],
  });
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const status = reply.raw.statusCode;
    seconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1000);
    if (!isRoutine(request, route)) {
      log.event('http.request', {
        method: request.method,
        route,
        status,
        ms: Math.round(reply.elapsedTime),
        userId: (request as AuthenticatedRequest).user?.id,
      });
    }
    done();
  });
}

/** Probes and files of the page come all the time and say nothing. */
function isRoutine(request: FastifyRequest, route: string): boolean {
  return request.method === 'GET' && (/^\/(health|metrics|docs|redoc)/.test(route) || route === '/*');
}
