import { bootstrapService } from '@baton/platform';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';
import { prepareDecoders } from './files/picture-codec.ts';
import { serveInternally } from './internal-access.ts';

const config = readConfig();
prepareDecoders();
await bootstrapService({
  service: 'image-service',
  module: AppModule.forRoot(config),
  http: config.service.http,
  rpc: config.service.rpc,
  logLevel: config.service.logLevel,
  internalSecret: config.service.internalSecret,
  configureHttp: (app) =>
    serveInternally(app, {
      secret: config.service.internalSecret,
      maxUploadBytes: config.maxUploadBytes,
    }),
});
