import { bootstrapService } from '@baton/platform';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';

const config = readConfig();
await bootstrapService({
  service: 'gpu-scheduler',
  module: AppModule.forRoot(config),
  http: config.http,
  rpc: config.rpc,
  logLevel: config.platform.logLevel,
  internalSecret: config.platform.internalSecret,
});
