import { ConfigError, envInteger, envUrl, loadConfig } from '@baton/platform/config';
import { z } from 'zod';

/** What a model can be good for, as `OLLAMA_CAPABILITIES_1` says it. */
export const CAPABILITIES = [
  'general',
  'reasoning',
  'conversation',
  'coding',
  'code_generation',
  'code_analysis',
  'vision',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** What a server is wanted for: one model, and what that is good at. */
export interface Profile {
  readonly model: string | null;
  readonly capabilities: readonly Capability[];
}

/** One Ollama with a GPU of its own. */
export interface Instance {
  /** `1` for OLLAMA_URL_1. */
  readonly server: string;
  /** Without a slash at its end. */
  readonly url: string;
  readonly maxConcurrent: number;
  readonly profiles: readonly Profile[];
}

export interface Instances {
  /** What is said of the GPU nodes' Ollama by entries with its address. */
  readonly main: readonly Profile[];
  readonly elsewhere: readonly Instance[];
}

const NAME = /^OLLAMA_(?:URL|MODEL|CAPABILITIES|MAX_CONCURRENT)_(\d{1,3})$/;

/**
 * Reads `OLLAMA_URL_n`, `OLLAMA_MODEL_n`, `OLLAMA_CAPABILITIES_n` and `OLLAMA_MAX_CONCURRENT_n`, any number of them. Entries
 * with one address are one server that is wanted for several models.
 *
 * @param mainUrl address of the GPU nodes' Ollama, which is used under a lease only
 * @throws ConfigError that names each bad variable
 */
export function readInstances(env: NodeJS.ProcessEnv, mainUrl: string): Instances {
  const main: Profile[] = [];
  const byUrl = new Map<string, Instance>();
  for (const number of numbersIn(env)) {
    const { url, maxConcurrent, profile } = readInstance(env, number);
    if (sameServer(url) === sameServer(mainUrl)) {
      main.push(profile);
      continue;
    }
    const known = byUrl.get(sameServer(url));
    byUrl.set(sameServer(url), {
      server: known?.server ?? number,
      url: known?.url ?? url,
      maxConcurrent: Math.max(known?.maxConcurrent ?? 1, maxConcurrent),
      profiles: [...(known?.profiles ?? []), profile],
    });
  }
  return { main, elsewhere: [...byUrl.values()] };
}

/**
 * One address in several spellings is one server: `/v1` (the OpenAI API of the same server) is cut off, and names of this
 * machine are one.
 */
export function sameServer(url: string): string {
  const parsed = new URL(withoutV1(url));
  const host = ['localhost', '[::1]', '0.0.0.0'].includes(parsed.hostname) ? '127.0.0.1' : parsed.hostname;
  const port = parsed.port === '' ? (parsed.protocol === 'https:' ? '443' : '80') : parsed.port;
  return `${parsed.protocol}//${host}:${port}${parsed.pathname.replace(/\/+$/, '')}`;
}

function withoutV1(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
}

function numbersIn(env: NodeJS.ProcessEnv): string[] {
  const numbers = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : (NAME.exec(name)?.[1] ?? []),
  );
  const wrong = numbers.find((number) => !/^[1-9]\d*$/.test(number));
  if (wrong !== undefined) throw new ConfigError(`OLLAMA_URL_${wrong}: count from 1, without zeros in front`);
  return [...new Set(numbers)].sort((a, b) => Number(a) - Number(b));
}

function readInstance(env: NodeJS.ProcessEnv, number: string) {
  const names = {
    url: `OLLAMA_URL_${number}`,
    model: `OLLAMA_MODEL_${number}`,
    capabilities: `OLLAMA_CAPABILITIES_${number}`,
    maxConcurrent: `OLLAMA_MAX_CONCURRENT_${number}`,
  };
  const url = z
    .string({ error: `must be set, since another variable of server ${number} is` })
    .pipe(envUrl());
  const schema = z.object({
    [names.url]: url.transform(withoutV1),
    [names.model]: z.string().trim().max(200, { error: 'is too long for the name of a model' }).optional(),
    [names.capabilities]: capabilityList().optional(),
    [names.maxConcurrent]: envInteger({ default: 1, min: 1, max: 1_000 }),
  });
  const values: Record<string, unknown> = loadConfig(schema, env);
  const profile: Profile = {
    model: (values[names.model] as string | undefined) ?? null,
    capabilities: (values[names.capabilities] as Capability[] | undefined) ?? [],
  };
  return {
    url: values[names.url] as string,
    maxConcurrent: values[names.maxConcurrent] as number,
    profile,
  };
}

function capabilityList() {
  const words = z.enum(CAPABILITIES, { error: `may hold only ${CAPABILITIES.join(', ')}` });
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== ''),
    )
    .pipe(z.array(words))
    .transform((list) => [...new Set(list)]);
}
