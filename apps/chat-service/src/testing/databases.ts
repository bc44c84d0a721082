import type { Dialect } from '@baton/platform/database';
import { openTestDatabase as openWith, type TestDatabase } from '@baton/testing';
import { chatSchema } from '../migrations/schema.ts';

export { DIALECTS, quietLog, type TestDatabase } from '@baton/testing';

/** A migrated, empty database of this service that no other test uses. */
export function openTestDatabase(dialect: Dialect): Promise<TestDatabase> {
  return openWith(chatSchema, dialect);
}
