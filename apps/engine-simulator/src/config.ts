import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { CardOptions, ComfyuiOptions, OllamaOptions } from './options.ts';

/** The one place that reads flags and environment. A flag wins over its variable, a variable over the default. */

const HELP = `Stand-ins for a GPU and the engines that use it. They speak the real protocols; no model runs.

  node main.js card     the simulated card: memory ledger, driver lag, judge (GET /card, GET /events)
  node main.js ollama   Ollama's HTTP interface
  node main.js comfyui  ComfyUI's HTTP and WebSocket interface

Flag                   Variable                    Default
--host                 SIM_HOST                    127.0.0.1
--port                 SIM_PORT                    card 8190, ollama 11434, comfyui 8188; 0 takes a free one
--card                 SIM_CARD                    none: the engine keeps an unlimited ledger of its own
--control              SIM_CONTROL                 none: JSON as for PUT /__control, merged at start
                       SIM_CONTROL_KEY             none: else /__control asks for it as a bearer token
--total-mib            SIM_CARD_TOTAL_MIB          24576 (card)
--num-parallel         OLLAMA_NUM_PARALLEL         1 (ollama)
--max-loaded-models    OLLAMA_MAX_LOADED_MODELS    3 (ollama; 0 means the same)
--max-queue            OLLAMA_MAX_QUEUE            512 (ollama)
--keep-alive           OLLAMA_KEEP_ALIVE           5m (ollama)
--context-length       OLLAMA_CONTEXT_LENGTH       0: by the size of the card (ollama)
--data-dir             SIM_DATA_DIR                comfyui-data in the present folder (comfyui)

When ready the program prints one line of JSON: {"listening":"http://…","role":"…"}.
GET /__control shows speeds, sizes and faults, PUT /__control changes them while it runs.`;

const FLAGS = {
  host: 'SIM_HOST',
  port: 'SIM_PORT',
  card: 'SIM_CARD',
  control: 'SIM_CONTROL',
  'total-mib': 'SIM_CARD_TOTAL_MIB',
  'num-parallel': 'OLLAMA_NUM_PARALLEL',
  'max-loaded-models': 'OLLAMA_MAX_LOADED_MODELS',
  'max-queue': 'OLLAMA_MAX_QUEUE',
  'keep-alive': 'OLLAMA_KEEP_ALIVE',
  'context-length': 'OLLAMA_CONTEXT_LENGTH',
  'data-dir': 'SIM_DATA_DIR',
} as const;

const DEFAULT_PORTS = { card: 8190, ollama: 11434, comfyui: 8188 } as const;

const count = z.coerce.number().int().nonnegative();

const settings = z.object({
  role: z.enum(['card', 'ollama', 'comfyui']),
  host: z.string().min(1).default('127.0.0.1'),
  port: count.max(65_535).optional(),
  card: z.url({ protocol: /^https?$/ }).optional(),
  control: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('must be JSON');
        return z.NEVER;
      }
    })
    .optional(),
  'control-key': z.string().min(8).optional(),
  'total-mib': count.positive().default(24_576),
  'num-parallel': count.default(1),
  'max-loaded-models': count.default(0),
  'max-queue': count.default(512),
  'keep-alive': z.string().default('5m'),
  'context-length': count.default(0),
  'data-dir': z.string().min(1).default('comfyui-data'),
});

/** What to run: a role with its options, or a text to print instead. */
export type Start =
  | { readonly role: 'card'; readonly options: CardOptions }
  | { readonly role: 'ollama'; readonly options: OllamaOptions }
  | { readonly role: 'comfyui'; readonly options: ComfyuiOptions }
  | { readonly role: 'help'; readonly text: string }
  | { readonly role: 'wrong'; readonly text: string };

export function readStart(args: string[], environment: NodeJS.ProcessEnv = process.env): Start {
  let given: { values: Record<string, unknown>; positionals: string[] };
  try {
    const flags = Object.keys(FLAGS).map((name): [string, { type: 'string' }] => [name, { type: 'string' }]);
    given = parseArgs({
      args,
      allowPositionals: true,
      options: { ...Object.fromEntries(flags), help: { type: 'boolean' as const } },
    });
  } catch (cause) {
    return { role: 'wrong', text: cause instanceof Error ? cause.message : String(cause) };
  }
  if (given.values['help'] === true) return { role: 'help', text: HELP };
  const entries = Object.entries(FLAGS).map(([flag, variable]): [string, unknown] => {
    const value = given.values[flag] ?? environment[variable];
    return [flag, value === '' ? undefined : value];
  });
  // No flag for this one: every user of the machine can read the flags of a program.
  const controlKey = environment['SIM_CONTROL_KEY'] || undefined;
  const parsed = settings.safeParse({
    ...Object.fromEntries(entries),
    'control-key': controlKey,
    role: given.positionals[0],
  });
  if (!parsed.success) return { role: 'wrong', text: `${z.prettifyError(parsed.error)}\nTry --help.` };
  return startOf(parsed.data);
}

function startOf(given: z.infer<typeof settings>): Start {
  const { role, host, control } = given;
  const controlKey = given['control-key'];
  const common = {
    host,
    port: given.port ?? DEFAULT_PORTS[role],
    control,
    ...(controlKey === undefined ? {} : { controlKey }),
  };
  switch (role) {
    case 'card':
      return { role, options: { ...common, totalMib: given['total-mib'] } };
    case 'comfyui':
      return { role, options: { ...common, card: given.card, dataDir: given['data-dir'] } };
    case 'ollama':
      return {
        role,
        options: {
          ...common,
          card: given.card,
          numParallel: given['num-parallel'] || 1,
          maxLoadedModels: given['max-loaded-models'] || 3,
          maxQueue: given['max-queue'],
          keepAlive: given['keep-alive'],
          contextLength: given['context-length'],
        },
      };
  }
}
