import type { WorkTime } from '../work-time.ts';
import type { Folders } from '../folders.ts';
import type { Painter } from '../picture/painter.ts';
import type { NodeUi } from '../prompt-queue.ts';
import type { Prompt } from '../prompt.ts';
import type { ComfyuiSettings } from '../settings.ts';
import type { Vram } from '../vram.ts';
import type { NodeValue, ValueOf } from './values.ts';

/** The model files a choice may name; they can change while the program runs. */
export type ModelFiles = (folder: string) => readonly string[];

/** One input as `object_info` declares it. `choices` makes it a choice, else `type` names a value or a link. */
export interface InputSpec {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly choices?: (files: ModelFiles, inputFiles: readonly string[]) => readonly string[];
  /** `object_info` shows choices in two shapes, by the age of the node's declaration. */
  readonly shape?: 'list' | 'combo';
}

export interface Encoded {
  readonly bytes: Buffer;
  readonly format: 'jpeg' | 'png';
}

/** What a node may use while it runs. */
export interface NodeContext {
  readonly nodeId: string;
  readonly prompt: Prompt;
  readonly extraData: Record<string, unknown>;
  readonly settings: ComfyuiSettings;
  readonly time: WorkTime;
  readonly vram: Vram;
  readonly folders: Folders;
  readonly painter: Painter;
  /** Whether previews were asked for, by the prompt or by the settings. */
  readonly wantsPreviews: boolean;
  /** Tells clients; throws Interrupted when somebody asked for it. */
  progress(value: number, max: number, picture?: () => Promise<Encoded>): Promise<void>;
  /** Called after each sampling step, for the faults that strike there. */
  stepDone(step: number): Promise<void>;
}

export interface NodeResult {
  readonly outputs: readonly NodeValue[];
  readonly ui?: NodeUi;
}

export interface NodeClass {
  readonly name: string;
  readonly displayName: string;
  readonly category: string;
  readonly module: string;
  readonly required: Readonly<Record<string, InputSpec>>;
  readonly optional?: Readonly<Record<string, InputSpec>>;
  readonly hidden?: Readonly<Record<string, string>>;
  /** Types of the outputs; a pair gives the output another name. */
  readonly outputs: readonly (string | readonly [type: string, name: string])[];
  readonly isOutput?: true;
  readonly isDeprecated?: true;
  /** Names the inputs it judges itself (the standard checks leave them alone); null is fine, else the reason. */
  readonly check?: {
    readonly inputs: readonly string[];
    verdict(inputs: Record<string, unknown>, folders: Folders): string | null;
  };
  /** Makes the cache notice what the inputs do not tell; `never` keeps the node out of the cache. */
  fingerprint?(inputs: Record<string, unknown>, folders: Folders): Promise<string> | 'never';
  run(inputs: Inputs, context: NodeContext): Promise<NodeResult>;
}

/** Inputs after validation, links replaced by the values they carry. */
export class Inputs {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  number(name: string): number {
    return Number(this.#values[name]);
  }

  text(name: string): string {
    return String(this.#values[name]);
  }

  flag(name: string): boolean {
    return Boolean(this.#values[name]);
  }

  value<Kind extends NodeValue['is']>(name: string, kind: Kind): ValueOf<Kind> {
    const value = this.#values[name];
    if (typeof value === 'object' && value !== null && 'is' in value && value.is === kind) {
      return value as ValueOf<Kind>;
    }
    throw new TypeError(`input ${name} carries no ${kind}`);
  }
}

export function link(type: string): InputSpec {
  return { type, config: {} };
}

export function int(standard: number, min: number, max: number, step?: number): InputSpec {
  return { type: 'INT', config: { default: standard, min, max, ...(step === undefined ? {} : { step }) } };
}

export function float(standard: number, min: number, max: number, step: number): InputSpec {
  return { type: 'FLOAT', config: { default: standard, min, max, step } };
}

export function text(config: Record<string, unknown> = {}): InputSpec {
  return { type: 'STRING', config };
}

export function flag(standard: boolean): InputSpec {
  return { type: 'BOOLEAN', config: { default: standard } };
}

export function choice(
  options: readonly string[],
  { shape = 'list', standard }: { shape?: 'list' | 'combo'; standard?: string } = {},
): InputSpec {
  const config = standard === undefined ? {} : { default: standard };
  return { type: 'COMBO', config, shape, choices: () => options };
}

/** A file of these model folders, and these names besides. */
export function file(folders: readonly string[], besides: readonly string[] = []): InputSpec {
  return {
    type: 'COMBO',
    config: {},
    shape: 'list',
    choices: (files) => [...folders.flatMap((folder) => files(folder)), ...besides],
  };
}
