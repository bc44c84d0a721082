import { resolve } from 'node:path';
import { z } from 'zod';

/** The environment is not usable. The message names every bad variable and what it should be, and never a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Parses the environment once, at boot. Empty variables count as not set, as in a copied `.env.example`. */
export function loadConfig<S extends z.ZodType>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.output<S> {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(`These environment variables are not usable:\n${lines.join('\n')}`);
}

const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

/** `true/false`, `1/0`, `yes/no`, `on/off` in any case. */
export function envBoolean(byDefault: boolean) {
  return z
    .string()
    .default(String(byDefault))
    .transform((text, context) => {
      const word = text.trim().toLowerCase();
      if (TRUE.has(word)) return true;
      if (FALSE.has(word)) return false;
      context.addIssue({ code: 'custom', message: 'must be true or false' });
      return z.NEVER;
    });
}

export interface NumberRange {
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
}

export function envInteger({ default: byDefault, min, max }: NumberRange) {
  let number = z.int({ error: 'must be a whole number' });
  if (min !== undefined) number = number.min(min);
  if (max !== undefined) number = number.max(max);
  return z.string().default(String(byDefault)).transform(toNumber).pipe(number);
}

export function envNumber({ default: byDefault, min, max }: NumberRange) {
  let number = z.number({ error: 'must be a number' });
  if (min !== undefined) number = number.min(min);
  if (max !== undefined) number = number.max(max);
  return z.string().default(String(byDefault)).transform(toNumber).pipe(number);
}

function toNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** How long Ollama keeps a model loaded: a Go duration (`30m`), a number of seconds, or -1 for ever, as it takes it. */
export function envKeepAlive(byDefault: string) {
  return (
    z
      .string()
      .regex(/^-?\d+(\.\d+)?$|^-?(\d+(\.\d+)?(ms|s|m|h))+$/, {
        error: 'must be seconds or a duration like 30m',
      })
      .default(byDefault)
      // As text a bare number would be refused by Ollama.
      .transform((text) => (/^-?[\d.]+$/.test(text) ? Number(text) : text))
  );
}

/** `host:port` of a peer. */
export function envAddress() {
  return z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, { error: 'must be host:port' });
}

/** JSON text that fits a schema. */
export function envJson<S extends z.ZodType>(schema: S) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** An http(s) address without a slash at its end. */
export function envUrl() {
  return z
    .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
    .transform((url) => url.replace(/\/+$/, ''));
}

/** What every service reads; spread it into the service's own schema. */
export function serviceEnv() {
  return {
    REDIS_URL: z
      .string()
      .regex(/^(rediss?|unix):\/\/|^\//, { error: 'must be redis://, rediss:// or a socket path' }),
    /** Name of the GPU node that this stack serves. */
    BATON_NODE: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/, { error: 'must be a short lower-case name' })
      .default('gpu0'),
    BATON_DATA_DIR: z
      .string()
      .default('.baton')
      .transform((dir) => resolve(dir)),
    /** Shared by all services: a call without it is refused. */
    BATON_INTERNAL_SECRET: z.string().min(16, { error: 'must have at least 16 characters' }),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    LOG_SQL: envBoolean(false),
    HTTP_HOST: z.string().default('127.0.0.1'),
    HTTP_PORT: envInteger({ default: 0, min: 0, max: 65_535 }),
    RPC_HOST: z.string().default('127.0.0.1'),
    RPC_PORT: envInteger({ default: 0, min: 0, max: 65_535 }),
  };
}
