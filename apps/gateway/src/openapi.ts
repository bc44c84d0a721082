import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.ts';
import { DOCUMENT_CONFIG } from './docs/document-config.ts';
import { describeApi, serializeDocument } from './docs/openapi-document.ts';

/** `node dist/openapi.js`: writes `openapi.json` beside the package, for the generated client and the reviewer. */
const target = fileURLToPath(new URL('../openapi.json', import.meta.url));
writeFileSync(target, serializeDocument(await describeApi(AppModule.forRoot(DOCUMENT_CONFIG))));
