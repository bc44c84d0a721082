import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import {
  envAddress,
  envBoolean,
  envInteger,
  envNodes,
  envUrl,
  loadConfig,
  serviceEnv,
} from '@baton/platform';
import { databaseConfig, databaseEnv } from '@baton/platform/database';
import { z } from 'zod';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const origin = z.url({ protocol: /^https?$/, error: 'must be origins like https://chat.example.org' });

export const gatewayEnv = z.object({
  ...serviceEnv(),
  ...databaseEnv(),
  HTTP_PORT: envInteger({ default: 5_000, min: 0, max: 65_535 }),
  /** RPC addresses of the services behind this door, and where image-service serves its files. */
  CHAT_SERVICE_ADDRESS: envAddress(),
  IMAGE_SERVICE_ADDRESS: envAddress(),
  GPU_SCHEDULER_ADDRESS: envAddress(),
  PROCESS_MANAGER_ADDRESS: envAddress(),
  IMAGE_SERVICE_URL: envUrl(),
  /** MiB of the file of an upload; the same as image-service’s. */
  IMAGE_MAX_UPLOAD_MB: envInteger({ default: 20, min: 1, max: 200 }),
  /** Several GPUs: their names and process-managers. Without it the one of BATON_NODE. */
  GPU_NODES: envNodes(),
  /** Signs access tokens. Without it one is made and kept in the data folder. */
  JWT_SECRET: z.string().min(32, { error: 'must have at least 32 characters' }).optional(),
  ACCESS_TOKEN_MINUTES: envInteger({ default: 15, min: 1, max: 24 * 60 }),
  REFRESH_TOKEN_DAYS: envInteger({ default: 30, min: 1, max: 365 }),
  /** 0 is no limit. */
  MAX_USERS: envInteger({ default: 10, min: 0 }),
  REGISTRATION_ENABLED: envBoolean(true),
  /** `auto`: the refresh cookie is Secure when the request came over https. */
  COOKIE_SECURE: z.enum(['auto', 'true', 'false'], { error: 'must be auto, true or false' }).default('auto'),
  /** Which proxies in front may say who the client is: false, true, or their addresses and networks. */
  TRUST_PROXY: z
    .string()
    .default('false')
    .transform((text, context) => parseTrustProxy(text, context)),
  /** Other origins whose pages may call the API, separated by commas. */
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) => splitList(text))
    .pipe(z.array(origin.transform((url) => new URL(url).origin))),
  LOGIN_ATTEMPTS: envInteger({ default: 10, min: 1 }),
  LOGIN_WINDOW_SECONDS: envInteger({ default: 300, min: 1 }),
  REGISTRATIONS_PER_HOUR: envInteger({ default: 20, min: 1 }),
  REQUESTS_PER_MINUTE: envInteger({ default: 1_200, min: 10 }),
  STREAMS_PER_USER: envInteger({ default: 64, min: 1 }),
  /** Lets a scraper outside the private network read /metrics: `Authorization: Bearer …`. */
  METRICS_TOKEN: z.string().min(16, { error: 'must have at least 16 characters' }).optional(),
  WEB_DIR: z.string().optional(),
});

export type GatewayConfig = ReturnType<typeof readConfig>;

/** Everything the gateway can be told, grouped by who needs it. @throws ConfigError */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const given = loadConfig(gatewayEnv, env);
  return Object.freeze({
    service: 'gateway',
    logLevel: given.LOG_LEVEL,
    redisUrl: given.REDIS_URL,
    internalSecret: given.BATON_INTERNAL_SECRET,
    /** The GPUs, first the one that is shown when none is named. */
    nodes: given.GPU_NODES?.map(({ node }) => node) ?? [given.BATON_NODE],
    http: {
      host: given.HTTP_HOST,
      port: given.HTTP_PORT,
      trustProxy: given.TRUST_PROXY,
      corsOrigins: given.CORS_ORIGINS,
    },
    metricsToken: given.METRICS_TOKEN,
    database: { config: databaseConfig(given, given.BATON_DATA_DIR), logSql: given.LOG_SQL },
    uploadBytes: given.IMAGE_MAX_UPLOAD_MB * 1_048_576,
    services: {
      chat: given.CHAT_SERVICE_ADDRESS,
      image: given.IMAGE_SERVICE_ADDRESS,
      scheduler: given.GPU_SCHEDULER_ADDRESS,
      imageFiles: given.IMAGE_SERVICE_URL,
      processManagers: given.GPU_NODES ?? [
        { node: given.BATON_NODE, address: given.PROCESS_MANAGER_ADDRESS },
      ],
    },
    tokens: {
      secret: given.JWT_SECRET,
      secretFile: join(given.BATON_DATA_DIR, 'jwt-secret'),
      accessMs: given.ACCESS_TOKEN_MINUTES * MINUTE_MS,
      refreshMs: given.REFRESH_TOKEN_DAYS * DAY_MS,
      cookieSecure: given.COOKIE_SECURE,
    },
    registration: { isOpen: given.REGISTRATION_ENABLED, maxUsers: given.MAX_USERS },
    limits: {
      loginAttempts: given.LOGIN_ATTEMPTS,
      loginWindowSeconds: given.LOGIN_WINDOW_SECONDS,
      registrationsPerHour: given.REGISTRATIONS_PER_HOUR,
      requestsPerMinute: given.REQUESTS_PER_MINUTE,
      streamsPerUser: given.STREAMS_PER_USER,
    },
    /** The built page: beside this app, both from `src` and from `dist`. */
    webDir: resolve(given.WEB_DIR ?? join(import.meta.dirname, '..', '..', 'web', 'dist')),
  });
}

/** `true` is for a gateway that one proxy alone reaches: its word is believed, and not that of who stands behind it. */
function parseTrustProxy(text: string, context: z.RefinementCtx): boolean | string[] {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  const addresses = splitList(word);
  if (addresses.length > 0 && addresses.every(isAddressOrNetwork)) return addresses;
  context.addIssue({
    code: 'custom',
    message: 'must be true, false, or addresses and networks',
  });
  return z.NEVER;
}

function isAddressOrNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...rest] = text.split('/');
  return isIP(address) !== 0 && rest.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
