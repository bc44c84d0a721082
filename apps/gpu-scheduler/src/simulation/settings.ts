import type { Settings } from '../core/state.ts';
import { SETTINGS } from '../core/testing.ts';
import { UsageError } from './options.ts';

/**
 * What the scheduler runs with when nothing is configured; a spec compares it with config.ts, which cannot be read here
 * because it needs the built platform.
 */
export const DEFAULT_SETTINGS: Settings = SETTINGS;

interface Change {
  readonly path: string;
  readonly value: string;
}

/** The settings with some replaced, each named as in `maxTurnMs.ollama`. @throws UsageError for a name that is none */
export function changeSettings(settings: Settings, changes: readonly Change[]): Settings {
  const changed = structuredClone(settings);
  for (const { path, value } of changes) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let part: unknown = changed;
    for (const key of keys) part = isRecord(part) ? part[key] : undefined;
    if (!isRecord(part) || !(last in part) || isRecord(part[last])) {
      throw new UsageError(
        `--set: there is no setting "${path}"; there are ${settingNames(settings).join(', ')}`,
      );
    }
    part[last] = valueLike(part[last], path, value);
  }
  return changed;
}

function settingNames(part: object, prefix = ''): string[] {
  return Object.entries(part).flatMap(([key, value]: [string, unknown]) =>
    isRecord(value) ? settingNames(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

function valueLike(present: unknown, path: string, value: string): unknown {
  if (typeof present === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  const number = Number(value);
  if (typeof present !== 'boolean' && value !== '' && Number.isFinite(number)) return number;
  throw new UsageError(`--set: "${value}" is no value for ${path}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
