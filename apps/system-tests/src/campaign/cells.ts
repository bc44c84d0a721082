import type { Chance } from './random.ts';

/** Where a GPU job may be when something breaks. */
export const STATES = [
  'waiting',
  'claimed',
  'swap-drain',
  'swap-free',
  'swap-verify',
  'swap-start',
  'swap-load',
  'swap-ready',
  'granted',
  'before-output',
  'after-output',
  'releasing',
] as const;
export type JobState = (typeof STATES)[number];

const PROCESSES = [
  'gateway',
  'chat-service',
  'image-service',
  'leader',
  'standby',
  'process-manager',
  'ollama',
  'comfyui',
] as const;
/** A process that can be killed or stopped for a while; the leading and the other scheduler are told apart. */
export type Victim = (typeof PROCESSES)[number];

const REDIS_FAULTS = ['redis:pause', 'redis:kill', 'redis:truncate', 'redis:empty'] as const;
const ENGINE_FAULTS = [
  'ollama:hang',
  'ollama:crash',
  'ollama:late-port',
  'ollama:unload-hangs',
  'comfyui:hang',
  'comfyui:crash',
  'comfyui:late-port',
  'comfyui:zombie',
  'comfyui:lost-interrupt',
  'comfyui:free-ignored',
] as const;

export type FaultName =
  | 'none'
  | `kill:${Victim}`
  | `pause:${Victim}`
  | (typeof REDIS_FAULTS)[number]
  | (typeof ENGINE_FAULTS)[number];

export const FAULTS: readonly FaultName[] = [
  ...PROCESSES.map((name) => `kill:${name}` as const),
  ...PROCESSES.map((name) => `pause:${name}` as const),
  ...REDIS_FAULTS,
  ...ENGINE_FAULTS,
];

export interface Cell {
  readonly fault: FaultName;
  readonly state: JobState;
}

/** The control: the same work and the same judge, and nothing breaks. */
export const CONTROL: Cell = { fault: 'none', state: 'waiting' };

export function cellName({ fault, state }: Cell): string {
  return `${fault}@${state}`;
}

/** A fault that the engine itself has, armed before the work and not at a state of a job. */
export function isArmedFault(fault: FaultName): boolean {
  return /^(ollama:(crash|unload-hangs)|comfyui:(crash|zombie|free-ignored))$/.test(fault);
}

/** Every fault at every state; armed faults strike by themselves, at the one state that they are about. */
export function allCells(): Cell[] {
  return FAULTS.flatMap((fault) =>
    isArmedFault(fault)
      ? [{ fault, state: 'before-output' } as const]
      : STATES.map((state) => ({ fault, state })),
  );
}

/** The part of `npm test`: a bit more than a minute. The other system tests break things at fixed places. */
export const SHORT_CELLS: readonly Cell[] = [
  CONTROL,
  { fault: 'kill:leader', state: 'claimed' },
  { fault: 'pause:leader', state: 'granted' },
  { fault: 'kill:process-manager', state: 'swap-free' },
  { fault: 'kill:chat-service', state: 'before-output' },
  { fault: 'kill:image-service', state: 'releasing' },
  { fault: 'redis:truncate', state: 'granted' },
  { fault: 'kill:comfyui', state: 'after-output' },
  { fault: 'pause:process-manager', state: 'swap-verify' },
  { fault: 'ollama:late-port', state: 'swap-load' },
];

/** Wrong words on the command line; the message is for the person who typed them. */
export class UnknownCell extends Error {}

/** `fault@state`, `fault`, `@state`, or a part of a fault's name with a star: `kill:*@granted`. */
export function cellsMatching(pattern: string): Cell[] {
  const [fault = '', state = ''] = pattern.split('@');
  const fits = (wanted: string, name: string): boolean =>
    wanted === '' || new RegExp(`^${wanted.split('*').map(escaped).join('.*')}$`).test(name);
  const found = [CONTROL, ...allCells()].filter((cell) => fits(fault, cell.fault) && fits(state, cell.state));
  if (found.length > 0) return found;
  throw new UnknownCell(
    `There is no "${pattern}". Faults: none, ${FAULTS.join(', ')}. States: ${STATES.join(', ')}.`,
  );
}

/** An endless order in which every cell comes up once before any comes up again. */
export function* deck(cells: readonly Cell[], chance: Chance): Generator<Cell, never> {
  for (;;) yield* chance.shuffled(cells);
}

function escaped(text: string): string {
  return text.replaceAll(/[.:+?()[\]{}|\\^$]/g, String.raw`\$&`);
}
