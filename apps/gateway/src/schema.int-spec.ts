import { describe, expect, test } from '@jest/globals';
import { DIALECTS, openCutDatabase } from '@baton/testing';
import { gatewaySchema } from './schema.ts';

describe.each(DIALECTS)('the migrations of the gateway in %s', (dialect) => {
  test('begin again wherever they are cut off', async () => {
    const { source, close, cuts } = await openCutDatabase(gatewaySchema, dialect);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    await close();
    expect(cuts).toBeGreaterThan(0);
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });
});
