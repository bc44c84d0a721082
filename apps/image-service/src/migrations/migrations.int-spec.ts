import { describe, expect, test } from '@jest/globals';
import { DIALECTS, openCutDatabase } from '@baton/testing';
import { imageSchema } from './schema.ts';

describe.each(DIALECTS)('the migrations of image-service in %s', (dialect) => {
  test('begin again wherever they are cut off', async () => {
    const { source, close, cuts } = await openCutDatabase(imageSchema, dialect);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    await close();
    expect(cuts).toBeGreaterThan(3);
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });
});
