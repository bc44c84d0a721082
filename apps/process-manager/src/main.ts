import { bootstrapService } from '@baton/platform';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';
import { installGuard } from './http/guard-edge.ts';
import { Runtime } from './runtime.ts';

const config = readConfig();

await bootstrapService({
  service: 'process-manager',
  module: AppModule.forRoot(config),
  http: config.http,
  rpc: config.rpc,
  logLevel: config.platform.logLevel,
  internalSecret: config.platform.internalSecret,
  configureHttp: (app) => installGuard(app, app.get(Runtime).guard),
});
