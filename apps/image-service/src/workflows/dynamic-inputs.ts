import { z } from 'zod';

/** Inputs of a node by name, each as ComfyUI declares it: `[type, options]`. */
export type Declarations = Readonly<Record<string, unknown>>;
export interface DeclaredInputs {
  readonly required: Declarations;
  readonly optional: Declarations;
}

const inputs = z.record(z.string(), z.unknown());
const group = z.object({ required: inputs.default({}), optional: inputs.default({}) });
/** As many of one kind as are wanted: `images.image0`, `images.image1`, …, or `values.a`, `values.b`, … */
const growing = z.tuple([
  z.literal('COMFY_AUTOGROW_V3'),
  z.object({
    template: z.object({
      input: group,
      min: z.int().default(0),
      names: z.array(z.string()).optional(),
      prefix: z.string().optional(),
      max: z.int().optional(),
    }),
  }),
]);
/** A choice that brings inputs of its own: `resize_type` and `resize_type.longer_size`. */
const choosing = z.tuple([
  z.literal('COMFY_DYNAMICCOMBO_V3'),
  z.object({ options: z.array(z.object({ key: z.unknown(), inputs: group })) }),
]);
/** Inputs that are there once something is linked to the first of them. */
const slotted = z.tuple([z.literal('COMFY_DYNAMICSLOT_V3'), z.object({ inputs: group })]);

/**
 * The inputs of a node as they are in a graph. Most nodes have the ones that they declare; some have more or fewer, by what
 * is given to them, and those are named with a dot.
 */
export function inputsAsGiven(declared: DeclaredInputs, given: Declarations): DeclaredInputs {
  const found: Found = { required: {}, optional: {} };
  expand(declared, '', given, found);
  return found;
}

interface Found {
  readonly required: Record<string, unknown>;
  readonly optional: Record<string, unknown>;
}

function expand(declared: DeclaredInputs, prefix: string, given: Declarations, found: Found): void {
  for (const need of ['required', 'optional'] as const) {
    for (const [name, declaration] of Object.entries(declared[need])) {
      expandOne({ need, name: `${prefix}${name}`, declaration }, given, found);
    }
  }
}

interface Declared {
  readonly need: 'required' | 'optional';
  readonly name: string;
  readonly declaration: unknown;
}

function expandOne({ need, name, declaration }: Declared, given: Declarations, found: Found): void {
  const grows = growing.safeParse(declaration);
  if (grows.success) {
    expandGrowing(name, grows.data[1].template, found);
    return;
  }
  found[need][name] = declaration;
  const members = membersOf(declaration, given[name]);
  if (members !== null) expand(members, `${name}.`, given, found);
}

function membersOf(declaration: unknown, value: unknown): DeclaredInputs | null {
  const chooses = choosing.safeParse(declaration);
  if (chooses.success) return chooses.data[1].options.find(({ key }) => key === value)?.inputs ?? null;
  const slot = slotted.safeParse(declaration);
  return slot.success && value !== undefined ? slot.data[1].inputs : null;
}

type Template = z.infer<typeof growing>[1]['template'];

function expandGrowing(name: string, { input, min, names, prefix, max }: Template, found: Found): void {
  const [wanted] = Object.values(input.required);
  const [welcome] = Object.values(input.optional);
  const members = names ?? Array.from({ length: max ?? 0 }, (_, index) => `${prefix ?? ''}${index}`);
  for (const [index, member] of members.entries()) {
    const need = index < min && wanted !== undefined ? 'required' : 'optional';
    found[need][`${name}.${member}`] = wanted ?? welcome;
  }
}

/** The keys of a choice that brings inputs of its own; null for every other input. */
export function keysOf(declaration: unknown): readonly unknown[] | null {
  const chooses = choosing.safeParse(declaration);
  return chooses.success ? chooses.data[1].options.map(({ key }) => key) : null;
}
