import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { GuardService } from '../guard/guard.service.ts';

const PREFIX = '/engines/';

/**
 * Puts the guard in front of the framework: what goes to an engine is taken over before anything reads its body, and
 * WebSockets as they come from Node's server.
 */
export function installGuard(app: NestFastifyApplication, guard: GuardService): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.raw.url?.startsWith(PREFIX)) {
      done();
      return;
    }
    reply.hijack();
    void guard.handle(request.raw, reply.raw);
  });
  const server: Server = app.getHttpServer();
  // A lease lives as long as its holder renews it; no time limit of HTTP's may end what it does.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.on('upgrade', (request, socket, head) => guard.handleUpgrade(request, socket, head));
}
