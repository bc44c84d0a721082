import type { Dialect } from '@baton/platform/database';

/** Compared byte by byte: MySQL's own idea of equal letters is not ours. */
export function exactText(dialect: Dialect) {
  return dialect === 'mysql' ? { collation: 'utf8mb4_bin' } : {};
}
