import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..');
const SERVICES = ['gateway', 'chat-service', 'image-service', 'gpu-scheduler', 'process-manager'];

/** Set by the launcher for each service, over whatever a person wrote. */
const FROM_LAUNCHER = [
  'CHAT_SERVICE_ADDRESS',
  'GPU_SCHEDULER_ADDRESS',
  'HTTP_HOST',
  'HTTP_PORT',
  'IMAGE_SERVICE_ADDRESS',
  'IMAGE_SERVICE_URL',
  'PROCESS_MANAGER_ADDRESS',
  'RPC_HOST',
  'RPC_PORT',
  'SIM_CARD_URL',
];

/** Of a simulator that somebody starts by hand; the launcher and the process-manager say these by flags. */
const SIMULATOR_BY_HAND = [
  'SIM_CARD',
  'SIM_CONTROL',
  'SIM_CONTROL_KEY',
  'SIM_DATA_DIR',
  'SIM_HOST',
  'SIM_PORT',
];

/** What every service needs and no default can give. */
const REQUIRED = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  BATON_INTERNAL_SECRET: 'sixteen characters',
  ...Object.fromEntries(
    FROM_LAUNCHER.filter((name) => name.endsWith('_ADDRESS')).map((name) => [name, '127.0.0.1:1']),
  ),
  IMAGE_SERVICE_URL: 'http://127.0.0.1:1',
};

// A name that ends in a number is one of a series (`OLLAMA_URL_1`), which no schema lists.
const example = readExample();
const schemas = new Map<string, z.ZodObject>();
let simulatorNames: string[];

beforeAll(async () => {
  for (const service of SERVICES) schemas.set(service, await schemaOf(service));
  const { readStart } = (await importConfig('engine-simulator')) as {
    readStart: (args: string[]) => { text: string };
  };
  simulatorNames = namesIn(readStart(['--help']).text, /\b[A-Z]+(?:_[A-Z]+)+\b/g);
});

test('every setting of a service or of the launcher is explained, and none that nobody reads', () => {
  const read = new Set([
    ...[...schemas.values()].flatMap((schema) => Object.keys(schema.shape)),
    ...namesReadByLauncher(),
    ...simulatorNames,
  ]);
  const forPeople = [...read].filter((name) => ![...FROM_LAUNCHER, ...SIMULATOR_BY_HAND].includes(name));
  expect([...example.keys()].sort()).toEqual(forPeople.sort());
});

test('nothing is set twice', () => {
  const names = namesIn(readText(), /(?<=^# )(?:[A-Z_]|\d(?!=))+(?==)/gm);
  expect(names).toEqual([...new Set(names)]);
});

describe.each(SERVICES)('%s', (service) => {
  test('has the defaults that are written down', () => {
    const schema = schemas.get(service) ?? z.object({});
    const own = [...example].filter(([name, value]) => name in schema.shape && value !== '');
    expect(own.length).toBeGreaterThan(0);
    expect(schema.parse({ ...REQUIRED, ...Object.fromEntries(own) })).toEqual(schema.parse(REQUIRED));
  });
});

function readText(): string {
  return readFileSync(join(ROOT, '.env.example'), 'utf8');
}

/** Name and default, as the comments have them. */
function readExample(): Map<string, string> {
  return new Map(
    [...readText().matchAll(/^# ((?:[A-Z_]|\d(?!=))+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

/** By path, while it runs: this is about all apps at once and part of none. */
function importConfig(app: string): Promise<unknown> {
  return import(pathToFileURL(join(ROOT, 'apps', app, 'src', 'config.ts')).href);
}

async function schemaOf(service: string): Promise<z.ZodObject> {
  const exported = Object.values((await importConfig(service)) as Record<string, unknown>);
  const schema = exported.find((value) => value instanceof z.ZodObject);
  if (schema === undefined) throw new Error(`The configuration of ${service} exports no schema.`);
  return schema;
}

/** Variables that the launcher itself looks at: `env['NAME']` and its like, and the pairs of `<ENGINE>_NAME`. */
function namesReadByLauncher(): string[] {
  const folder = join(ROOT, 'tools', 'launcher');
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('spec.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const plain = namesIn(sources, /(?<=(?:env|base)\[')[A-Z_]+(?='\])/g);
  const engines = namesIn(sources, /(?<=env\[`\$\{prefix\})_[A-Z_]+(?=`\])/g);
  return [...plain, ...engines.flatMap((rest) => [`OLLAMA${rest}`, `COMFYUI${rest}`])];
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([name]) => name);
}
