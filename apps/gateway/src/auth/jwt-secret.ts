import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The configured secret, or one that is made at the first start and kept in `file`, readable by its owner only. Of two
 * gateways that start together one makes the file and both use it.
 */
export function jwtSecret(configured: string | undefined, file: string): string {
  if (configured !== undefined) return configured;
  if (!existsSync(file)) make(file);
  const kept = readFileSync(file, 'utf8').trim();
  if (kept.length < 32) {
    throw new Error('the kept JWT secret is damaged: delete the file, everybody will log in again');
  }
  return kept;
}

/** Written aside and linked, so that nobody ever reads half a secret and the second of two does not replace the first. */
function make(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, randomBytes(48).toString('base64url'), { mode: 0o600 });
  try {
    linkSync(aside, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
