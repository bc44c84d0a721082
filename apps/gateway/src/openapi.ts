import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.ts';
import { readConfig } from './config.ts';
import { describeApi, serializeDocument } from './docs/openapi-document.ts';

/**
 * `node dist/openapi.js`: writes `openapi.json` beside the package, for the generated client and the reviewer. The
 * document does not depend on the settings; these only have to be well-formed, and nothing is connected to.
 */
const config = readConfig({
  REDIS_URL: 'redis://localhost:6379',
  BATON_INTERNAL_SECRET: 'not used by the document',
  CHAT_SERVICE_ADDRESS: 'localhost:1',
  IMAGE_SERVICE_ADDRESS: 'localhost:1',
  GPU_SCHEDULER_ADDRESS: 'localhost:1',
  IMAGE_SERVICE_URL: 'http://localhost:1',
});
const target = fileURLToPath(new URL('../openapi.json', import.meta.url));
writeFileSync(target, serializeDocument(await describeApi(AppModule.forRoot(config))));
