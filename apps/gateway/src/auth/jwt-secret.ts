import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The configured secret, or one that is made at the first start and kept in `file`, readable by its owner only. Of two
 * gateways that start together one writes the file and both use it.
 */
export function jwtSecret(configured: string | undefined, file: string): string {
  if (configured !== undefined) return configured;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const made = randomBytes(48).toString('base64url');
    writeFileSync(file, made, { mode: 0o600, flag: 'wx' });
    return made;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const kept = readFileSync(file, 'utf8').trim();
  if (kept.length < 32)
    throw new Error('the kept JWT secret is damaged: delete the file, everybody will log in again');
  return kept;
}
