import { defineConfig } from '@hey-api/openapi-ts';

/** `npm run generate -w @baton/api-client` after the gateway's document has changed; the result is never edited. */
export default defineConfig({
  input: '../../apps/gateway/openapi.json',
  output: {
    path: 'src/generated',
    clean: true,
    module: { extension: '.ts' },
    // The generator's own templates do not hold under exactOptionalPropertyTypes; the types that they export do.
    header: ['// This file is generated from the gateway’s OpenAPI document. Do not edit.', '// @ts-nocheck'],
  },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
});
