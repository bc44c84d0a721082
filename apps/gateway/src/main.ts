import { bootstrapService } from '@baton/platform';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';
import { configureHttp } from './http-edge.ts';
import { httpServerOptions } from './http-server.ts';

const config = readConfig();
await bootstrapService({
  service: config.service,
  module: AppModule.forRoot(config),
  http: config.http,
  rpc: null,
  logLevel: config.logLevel,
  internalSecret: config.internalSecret,
  fastify: httpServerOptions(config),
  configureHttp: (app) => configureHttp(app, config),
});
