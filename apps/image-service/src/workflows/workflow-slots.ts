import { linkOf, nameOfNode, type Workflow, type WorkflowNode } from './workflow.ts';

/** One input of one node: a place of the graph where a value is put. */
export interface Slot {
  readonly node: string;
  readonly input: string;
}

/** What can be put into a graph. */
export const SLOT_NAMES = [
  'prompt',
  'seed',
  'width',
  'height',
  'image',
  'steps',
  'guidance',
  'cfg',
  'sampler',
  'scheduler',
  'denoise',
] as const;
export type SlotName = (typeof SLOT_NAMES)[number];

/** Where the values of a request go in a graph; a value without a slot is left as the graph has it. */
export interface WorkflowSlots {
  readonly slots: Readonly<Partial<Record<SlotName, readonly Slot[]>>>;
  /** The node that saves the picture. */
  readonly output: string;
  /** The node whose progress counts sampling steps. */
  readonly sampler: string;
}

/** A graph whose slots cannot be found; the message says what to declare. */
export class UnclearWorkflow extends Error {}

const SAMPLERS = ['KSampler', 'KSamplerAdvanced', 'SamplerCustomAdvanced', 'SamplerCustom'];
const OUTPUTS = ['SaveImage', 'PreviewImage'];
/** Inputs through which a conditioning comes from another one. */
const CONDITIONING_INPUTS = ['conditioning', 'positive', 'conditioning_1', 'conditioning_to'];
const MAX_STEPS_UP = 50;

/**
 * Finds the slots of a graph the way people build them: one sampler, whose positive input leads to the prompt and whose
 * latent leads to a size or a picture. `declared` wins over what is found.
 *
 * @throws UnclearWorkflow
 */
export function findSlots(
  graph: Workflow,
  declared: Readonly<Partial<Record<SlotName | 'output', string>>> = {},
): WorkflowSlots {
  const output = outputOf(graph, declared.output);
  const [sampler, ...later] = samplersOf(graph, output);
  const found: Partial<Record<SlotName, Slot[]>> = {
    ...samplingSlots(graph, sampler),
    ...promptSlots(graph, sampler),
    ...latentSlots(graph, sampler),
  };
  // A second pass works on what the first has made: with the same words and seed, and in its own way.
  for (const pass of later) {
    for (const name of ['prompt', 'guidance'] as const) add(found, name, promptSlots(graph, pass)[name]);
    add(found, 'seed', samplingSlots(graph, pass).seed);
  }
  for (const name of SLOT_NAMES) {
    const words = declared[name];
    if (words !== undefined) found[name] = words.split(',').map((text) => declaredSlot(graph, name, text));
  }
  if ((found.prompt ?? []).length === 0) {
    throw new UnclearWorkflow('it is not clear where the prompt goes: declare "prompt" as "node.input"');
  }
  return { slots: found, sampler, output };
}

/** Finds the slots of a graph that changes a picture without a prompt, an upscaler for example. @throws UnclearWorkflow */
export function findImageSlots(
  graph: Workflow,
  declared: Readonly<Partial<Record<SlotName | 'output', string>>> = {},
): WorkflowSlots {
  const output = outputOf(graph, declared.output);
  const loaders = Object.keys(graph).filter((id) => graph[id]?.class_type === 'LoadImage');
  const [loader, ...others] = loaders;
  const found: Partial<Record<SlotName, Slot[]>> =
    loader !== undefined && others.length === 0 ? { image: [{ node: loader, input: 'image' }] } : {};
  for (const name of SLOT_NAMES) {
    const words = declared[name];
    if (words !== undefined) found[name] = words.split(',').map((text) => declaredSlot(graph, name, text));
  }
  if (found.image === undefined)
    throw new UnclearWorkflow('it is not clear where the picture goes: declare "image"');
  const sampler = Object.keys(graph).find((id) => SAMPLERS.includes(graph[id]?.class_type ?? ''));
  return { slots: found, sampler: sampler ?? output, output };
}

function declaredSlot(graph: Workflow, name: string, text: string): Slot {
  const [, node = '', input = ''] = /^\s*([^.]+)\.(.+?)\s*$/.exec(text) ?? [];
  if (graph[node]?.inputs[input] === undefined) {
    throw new UnclearWorkflow(`"${name}" is declared as "${text.trim()}", and there is no such input`);
  }
  return { node, input };
}

function outputOf(graph: Workflow, declared: string | undefined): string {
  if (declared !== undefined) {
    if (graph[declared] !== undefined) return declared;
    throw new UnclearWorkflow(`there is no node ${declared} for "output"`);
  }
  const ids = ofClass(graph, OUTPUTS);
  // People look at steps between in previews; what they save is the picture.
  const [saving, ...others] = ofClass(graph, ['SaveImage']);
  const [only] = ids;
  if (saving !== undefined && others.length === 0) return saving;
  if (only !== undefined && ids.length === 1) return only;
  throw new UnclearWorkflow(
    `it must have one node that saves the picture (${OUTPUTS.join(', ')}) and ${count(ids)}: declare "output"`,
  );
}

/** Those that the picture comes from, first pass first. @throws UnclearWorkflow when they are no row of passes */
function samplersOf(graph: Workflow, output: string): [string, ...string[]] {
  const before = ancestors(graph, output);
  const ids = ofClass(graph, SAMPLERS).filter((id) => before.has(id));
  const passes = ids
    .map((id) => ({ id, earlier: ids.filter((other) => ancestors(graph, id).has(other)).length }))
    .sort((one, other) => one.earlier - other.earlier);
  const isRow = passes.every(({ earlier }, index) => earlier === index);
  const [first, ...later] = passes.map(({ id }) => id);
  if (first !== undefined && isRow) return [first, ...later];
  throw new UnclearWorkflow(
    `it must have one sampler (${SAMPLERS.join(', ')}), or several passes one after the other, and ${count(ids)}`,
  );
}

function ofClass(graph: Workflow, classes: readonly string[]): string[] {
  return Object.keys(graph).filter((id) => classes.includes(graph[id]?.class_type ?? ''));
}

function count(ids: readonly string[]): string {
  return ids.length === 0 ? 'has none' : `has ${ids.length} (${ids.join(', ')})`;
}

/** All nodes that something of this one comes from. */
function ancestors(graph: Workflow, id: string): Set<string> {
  const found = new Set<string>();
  const open = [id];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const value of Object.values(graph[at]?.inputs ?? {})) {
      const source = linkOf(value)?.[0];
      if (source === undefined || found.has(source)) continue;
      found.add(source);
      open.push(source);
    }
  }
  return found;
}

function add(found: Partial<Record<SlotName, Slot[]>>, name: SlotName, more: Slot[] | undefined): void {
  if (more !== undefined) found[name] = unique([...(found[name] ?? []), ...more]);
}

type Kind = 'string' | 'number';

/**
 * The slot of an input, or of the node that gives its value (a "primitive"): there the first of the usual names whose value
 * is of this kind, since a node that gives words may well have a seed of its own.
 */
function slotOf(graph: Workflow, node: string, input: string, kind: Kind = 'number'): Slot[] {
  const value = graph[node]?.inputs[input];
  if (value === undefined) return [];
  const source = linkOf(value);
  if (source === null) return [{ node, input }];
  const giver = graph[source[0]];
  const name = ['value', 'seed', 'int', 'float', 'text', 'string'].find(
    (candidate) => typeof giver?.inputs[candidate] === kind,
  );
  return name === undefined ? [] : [{ node: source[0], input: name }];
}

function samplingSlots(graph: Workflow, sampler: string): Partial<Record<SlotName, Slot[]>> {
  const scheduler = upstream(graph, sampler, 'sigmas');
  const noise = upstream(graph, sampler, 'noise');
  const choice = upstream(graph, sampler, 'sampler');
  const at = (node: string | null, input: string, kind: Kind = 'number'): Slot[] =>
    node === null ? [] : slotOf(graph, node, input, kind);
  return present({
    seed: [...at(sampler, 'seed'), ...at(sampler, 'noise_seed'), ...at(noise, 'noise_seed')],
    steps: [...at(sampler, 'steps'), ...at(scheduler, 'steps')],
    denoise: [...at(sampler, 'denoise'), ...at(scheduler, 'denoise')],
    cfg: at(sampler, 'cfg'),
    sampler: [...at(sampler, 'sampler_name', 'string'), ...at(choice, 'sampler_name', 'string')],
    scheduler: [...at(sampler, 'scheduler', 'string'), ...at(scheduler, 'scheduler', 'string')],
  });
}

/** Up from the sampler's positive conditioning, through guidance and the like, to the node that encodes the text. */
function promptSlots(graph: Workflow, sampler: string): Partial<Record<SlotName, Slot[]>> {
  const guider = upstream(graph, sampler, 'guider');
  const guidance: Slot[] = [];
  let at = guider ?? sampler;
  let id =
    upstream(graph, at, guider === null ? 'positive' : 'conditioning') ?? upstream(graph, at, 'positive');
  for (let step = 0; id !== null && step < MAX_STEPS_UP; step += 1) {
    const node = graph[id];
    guidance.push(...slotOf(graph, id, 'guidance'));
    const text = textInputs(node).flatMap((input) => slotOf(graph, id ?? '', input, 'string'));
    if (text.length > 0) return present({ prompt: text, guidance });
    at = id;
    id = CONDITIONING_INPUTS.map((input) => upstream(graph, at, input)).find((next) => next !== null) ?? null;
  }
  return present({ guidance });
}

/** `CLIPTextEncodeFlux` takes the text twice, for its two encoders. */
function textInputs(node: WorkflowNode | undefined): string[] {
  return ['text', 't5xxl', 'clip_l'].filter((input) => node?.inputs[input] !== undefined);
}

/** Up from the sampler's latent: a size where it begins empty, a picture where it begins with one. */
function latentSlots(graph: Workflow, sampler: string): Partial<Record<SlotName, Slot[]>> {
  const width: Slot[] = [];
  const height: Slot[] = [];
  const image: Slot[] = [];
  let at = sampler;
  for (let step = 0; step < MAX_STEPS_UP; step += 1) {
    const inputs = ['latent_image', 'samples', 'pixels', 'image', 'latent'];
    const id = inputs.map((input) => upstream(graph, at, input)).find((next) => next !== null) ?? null;
    if (id === null) break;
    const node = graph[id];
    width.push(...slotOf(graph, id, 'width'));
    height.push(...slotOf(graph, id, 'height'));
    if (node?.class_type === 'LoadImage') image.push({ node: id, input: 'image' });
    at = id;
  }
  for (const id of Object.keys(graph).filter(
    (candidate) => graph[candidate]?.class_type === 'ModelSamplingFlux',
  )) {
    width.push(...slotOf(graph, id, 'width'));
    height.push(...slotOf(graph, id, 'height'));
  }
  return present({ width: unique(width), height: unique(height), image });
}

function upstream(graph: Workflow, node: string, input: string): string | null {
  const source = linkOf(graph[node]?.inputs[input])?.[0];
  return source !== undefined && graph[source] !== undefined ? source : null;
}

function unique(slots: readonly Slot[]): Slot[] {
  return [...new Map(slots.map((slot) => [`${slot.node}.${slot.input}`, slot])).values()];
}

function present(slots: Partial<Record<SlotName, Slot[]>>): Partial<Record<SlotName, Slot[]>> {
  return Object.fromEntries(Object.entries(slots).filter(([, list]) => list.length > 0));
}

/** How the slots read to a person: `prompt: node 6 (CLIPTextEncode) text`. */
export function describeSlots(graph: Workflow, { slots }: WorkflowSlots): string {
  return SLOT_NAMES.flatMap((name) =>
    (slots[name] ?? []).map(({ node, input }) => {
      const at = graph[node];
      return `${name}: ${at === undefined ? node : nameOfNode(node, at)} ${input}`;
    }),
  ).join('; ');
}
