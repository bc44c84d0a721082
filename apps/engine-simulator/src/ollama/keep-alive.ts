import { OllamaError } from './ollama-error.ts';

/** How long a model stays after its last request, in milliseconds; `Infinity` is for ever, 0 is not at all. */
export type KeepAliveMs = number;

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Reads a Go duration such as `1h30m`, `-1m`, `1.5s` or `0`. Null when it is not one; a bare number is not. */
export function parseGoDuration(text: string): number | null {
  const match = /^([+-]?)(.+)$/.exec(text);
  const [, sign, rest] = match ?? [];
  if (rest === undefined) return null;
  if (rest === '0') return 0;
  const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)];
  if (parts.map(([whole]) => whole).join('') !== rest) return null;
  const ms = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ''] ?? 0), 0);
  return sign === '-' ? -ms : ms;
}

/**
 * The `keep_alive` of a request: seconds as a number, or a Go duration; negative is for ever. Undefined when the
 * field is absent or null, which leaves the choice to the server. Throws OllamaError 400 on anything else.
 */
export function parseKeepAlive(value: unknown): KeepAliveMs | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value < 0 ? Infinity : value * 1_000;
  if (typeof value !== 'string') throw new OllamaError(400, `Unsupported type: '${goTypeOf(value)}'`);
  const ms = parseGoDuration(value);
  if (ms === null) throw new OllamaError(400, goDurationError(value));
  return ms < 0 ? Infinity : ms;
}

/** The server's own default is laxer than a request's: a bare number counts as seconds. Throws on nonsense. */
export function parseDefaultKeepAlive(text: string): KeepAliveMs {
  return parseKeepAlive(/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text) ?? 300_000;
}

function goDurationError(text: string): string {
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return `time: missing unit in duration ${JSON.stringify(text)}`;
  const unit = /^[+-]?[\d.]+([^\d.]+)/.exec(text)?.[1];
  if (unit !== undefined && UNITS_MS[unit] === undefined) {
    return `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
  }
  return `time: invalid duration ${JSON.stringify(text)}`;
}

function goTypeOf(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}
