import { CHAT_LIMITS } from '@baton/contracts';
import { bootstrapService } from '@baton/platform';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';

const config = readConfig();
await bootstrapService({
  service: 'chat-service',
  module: AppModule.forRoot(config),
  http: config.service.http,
  rpc: config.service.rpc,
  // A chat that is imported is one call; what is around it takes little.
  maxCallBytes: CHAT_LIMITS.fileBytes + 1_048_576,
  logLevel: config.service.logLevel,
  internalSecret: config.service.internalSecret,
});
