import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';

/** ReDoc builds its search index in a worker made from a blob; nothing else needs that, so only its page allows it. */
const REDOC_POLICY =
  "default-src 'self'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; " +
  "frame-ancestors 'none'";

const REDOC_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Baton API</title>
    <style>body { margin: 0; }</style>
  </head>
  <body>
    <div id="redoc"></div>
    <script src="/redoc/redoc.standalone.js"></script>
    <script src="/redoc/start.js"></script>
  </body>
</html>
`;

const REDOC_START = `Redoc.init('/openapi.json', { hideDownloadButton: false }, document.getElementById('redoc'));\n`;

/** Made from the code by `openapi.ts`, and a test holds it to that: making it again at each start would be for nothing. */
const DOCUMENT = new URL('../../openapi.json', import.meta.url);

/** `/docs` (Swagger UI), `/redoc` (ReDoc) and `/openapi.json`. All files come from here, none from a CDN. */
export function serveDocs(app: NestFastifyApplication): void {
  const readDocument = (): OpenAPIObject => JSON.parse(readFileSync(DOCUMENT, 'utf8')) as OpenAPIObject;
  SwaggerModule.setup('docs', app, readDocument, {
    customSiteTitle: 'Baton API',
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true },
  });
  serveRedoc(app.getHttpAdapter().getInstance());
}

function serveRedoc(server: FastifyInstance): void {
  const bundle = createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js');
  server.get('/redoc', (_request, reply) =>
    reply.header('content-security-policy', REDOC_POLICY).type('text/html; charset=utf-8').send(REDOC_PAGE),
  );
  server.get('/redoc/start.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(REDOC_START),
  );
  server.get('/redoc/redoc.standalone.js', async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=86400')
      .type('text/javascript; charset=utf-8')
      .send(await readFile(bundle)),
  );
}
