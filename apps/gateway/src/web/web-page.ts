import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Paths that belong to programs: an unknown one there is an error, never the page. */
const NOT_PAGES = ['/api', '/v1', '/ops', '/health', '/metrics', '/docs', '/redoc', '/openapi.json'];

const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Baton</title></head>
  <body>
    <h1>Baton is running</h1>
    <p>The web page has not been built: run <code>npm run build</code>, then load this page again.</p>
    <p>The API works: see <a href="/docs">/docs</a>.</p>
  </body>
</html>
`;

/**
 * Serves the built web page for every address that is not the API's: the page has routes of its own. Files under
 * `assets/` carry a hash of their content in their name and are kept for ever; the page itself is asked for each time,
 * so that a new version is seen at once.
 */
export async function serveWebPage(server: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    server.get('/*', (request, reply) =>
      isPage(request)
        ? reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(NOT_BUILT)
        : notFound(reply),
    );
    return;
  }
  await server.register(fastifyStatic, { root: folder, serve: false, dotfiles: 'deny' });
  server.get('/*', (request, reply) => sendPart(request, reply));
}

function sendPart(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = pathOf(request);
  // Names of built files need no escapes; what has some tries to climb out of the folder.
  if (isOfPrograms(path) || /\.\.|%/.test(path)) return notFound(reply);
  if (path.startsWith('/assets/')) return reply.sendFile(path.slice(1), { maxAge: '365d', immutable: true });
  if (/\.[a-z0-9]+$/i.test(path) && path !== '/index.html')
    return reply.sendFile(path.slice(1), { maxAge: '1h' });
  if (!isPage(request)) return notFound(reply);
  return reply.header('cache-control', 'no-cache').sendFile('index.html', { cacheControl: false });
}

function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

function isPage(request: FastifyRequest): boolean {
  return !isOfPrograms(pathOf(request)) && (request.headers.accept ?? '').includes('text/html');
}

function isOfPrograms(path: string): boolean {
  return NOT_PAGES.some((reserved) => path === reserved || path.startsWith(`${reserved}/`));
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}
