import { beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AppModule } from './app.module.ts';
import { DOCUMENT_CONFIG } from './docs/document-config.ts';
import { describeApi, serializeDocument } from './docs/openapi-document.ts';

let document: OpenAPIObject;
beforeAll(async () => {
  document = await describeApi(AppModule.forRoot(DOCUMENT_CONFIG));
});

function operations() {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ path, method, operation }];
    }),
  );
}

test('the document in the repository is the one that the code makes', () => {
  const kept: unknown = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8'));
  // Run `node apps/gateway/dist/openapi.js` after a build when this fails.
  expect(kept).toEqual(JSON.parse(serializeDocument(document)));
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, reference = '']) => reference,
  );
  expect(references.length).toBeGreaterThan(100);
  for (const reference of new Set(references)) {
    const [, kind = '', name = ''] = /^#\/components\/(schemas|examples)\/([\w.-]+)$/.exec(reference) ?? [];
    const named: object = document.components?.[kind as 'schemas' | 'examples'] ?? {};
    expect([reference, Object.hasOwn(named, name)]).toEqual([reference, true]);
  }
});

test('every operation has a name of its own, a tag, a summary, and its errors as problems', () => {
  const all = operations();
  expect(all.length).toBeGreaterThan(25);
  expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
  for (const { path, operation } of all) {
    expect(operation.operationId).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(operation.tags).toHaveLength(1);
    expect(operation.summary).toBeTruthy();
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['429', '500']));
    const isOpen = /^\/(health|metrics)|\/(register|login|refresh|logout)$|^\/api\/images\/link\//.test(path);
    if (!isOpen) expect(operation.security).toEqual([{ token: [] }]);
    if (!isOpen) expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']));
    if (operation.requestBody !== undefined) expect(Object.keys(operation.responses)).toContain('415');
  }
});
