import { longText, type Dialect } from '@baton/platform/database';
import type { EntitySchemaColumnOptions } from 'typeorm';

/**
 * A column for text as the search sees it. SQLite's LIKE knows the case of ASCII letters only and MySQL's depends on the
 * collation, so both compare folded text byte by byte.
 */
export function searchText(dialect: Dialect): EntitySchemaColumnOptions {
  const type = longText(dialect);
  return dialect === 'mysql' ? { type, charset: 'utf8mb4', collation: 'utf8mb4_bin' } : { type };
}

/** Text without case and accents, so that `Ёлка` is found by `елка` and `CAFÉ` by `cafe`. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
}

/** Stands before a wildcard that is meant literally; a backslash would mean different things to the two databases. */
export const LIKE_ESCAPE = '!';

/** A LIKE pattern for "contains this text". */
export function containsPattern(text: string): string {
  return `%${fold(text).replace(/[!%_]/g, (sign) => LIKE_ESCAPE + sign)}%`;
}
