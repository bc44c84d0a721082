import { z } from 'zod';
import { inputsAsGiven, keysOf } from './dynamic-inputs.ts';
import { linkOf, nameOfNode, type Workflow, type WorkflowNode } from './workflow.ts';

/** What a ComfyUI says about its node classes (`GET /object_info`); only what the check needs. */
const inputs = z.record(z.string(), z.unknown());
export const nodeClass = z.object({
  input: z.object({
    required: inputs.default({}),
    optional: inputs.default({}),
    hidden: z.unknown().optional(),
  }),
  output: z.array(z.unknown()).default([]),
  output_node: z.boolean().default(false),
});
export const objectInfo = z.record(z.string(), nodeClass);
export type ObjectInfo = z.infer<typeof objectInfo>;

const MAX_NAMED_CHOICES = 8;

/**
 * What is wrong with a graph for this ComfyUI, a sentence each, naming node and input. ComfyUI looks at the inputs it knows
 * only; one it does not know that links to nowhere ends its worker for good, so no unknown link is let through. Unknown
 * values do no harm: older exports have an "upload" beside each picture. Choices of `free` inputs (`node.input`) are not looked at: they are filled in later.
 */
export function problemsOf(graph: Workflow, known: ObjectInfo, free: ReadonlySet<string>): string[] {
  return Object.entries(graph).flatMap(([id, node]) => {
    const name = nameOfNode(id, node);
    const described = known[node.class_type];
    if (described === undefined) return [`${name}: this ComfyUI has no such node`];
    const { required, optional } = inputsAsGiven(described.input, node.inputs);
    const missing = Object.keys(required)
      .filter((input) => node.inputs[input] === undefined)
      .map((input) => `${name}: input "${input}" is missing`);
    const wrong = Object.entries(node.inputs).flatMap(([input, value]) => {
      const declared = required[input] ?? optional[input];
      if (declared === undefined) {
        return Array.isArray(value) ? [`${name}: this ComfyUI does not know the input "${input}"`] : [];
      }
      if (free.has(`${id}.${input}`)) return [];
      const problem = problemOf(value, declared, graph, known);
      return problem === null ? [] : [`${name}: input "${input}" ${problem}`];
    });
    return [...missing, ...wrong];
  });
}

function problemOf(value: unknown, declared: unknown, graph: Workflow, known: ObjectInfo): string | null {
  if (Array.isArray(value) && linkOf(value) === null) return 'is not a link to a node';
  const link = linkOf(value);
  if (link !== null) return linkProblem(link, graph, known);
  const choices = choicesOf(declared);
  if (choices === null) return numberProblem(value, declared);
  const wrong = chosen(value).find((one) => !choices.includes(one));
  return wrong === undefined ? null : choiceProblem(wrong, choices);
}

function linkProblem(
  [id, output]: readonly [string, number],
  graph: Workflow,
  known: ObjectInfo,
): string | null {
  const source: WorkflowNode | undefined = graph[id];
  if (source === undefined) return `is linked to node ${id}, which is not there`;
  const outputs = known[source.class_type]?.output.length;
  if (outputs !== undefined && output >= outputs)
    return `is linked to output ${output} of ${nameOfNode(id, source)}, which has ${outputs}`;
  return null;
}

/**
 * Lists of choices come in two shapes: `[["a", "b"], …]` and, newer, `["COMBO", {"options": ["a", "b"]}]`. The list of a
 * file to upload is no such list: it shows one folder, and files of others are taken as well.
 */
export function choicesOf(declared: unknown): readonly unknown[] | null {
  if (!Array.isArray(declared)) return null;
  const [type, about] = declared as readonly unknown[];
  const options = choice.safeParse(about ?? {});
  if (options.success && UPLOADS.some((kind) => options.data[kind] === true)) return null;
  if (Array.isArray(type)) return type as readonly unknown[];
  return type === 'COMBO' && options.success ? (options.data.options ?? null) : keysOf(declared);
}

const UPLOADS = ['image_upload', 'audio_upload', 'video_upload', 'file_upload'];
const choice = z.looseObject({ options: z.array(z.unknown()).optional() });

/** Where several may be chosen, they come wrapped: a bare list would be a link. */
const wrapped = z.object({ __value__: z.unknown() });

function chosen(value: unknown): readonly unknown[] {
  const inner = wrapped.safeParse(value);
  if (!inner.success) return [value];
  return Array.isArray(inner.data.__value__) ? (inner.data.__value__ as unknown[]) : [inner.data.__value__];
}

function choiceProblem(value: unknown, choices: readonly unknown[]): string {
  if (choices.length === 0) return `is "${String(value)}", and this ComfyUI has no such file at all`;
  const named = choices.slice(0, MAX_NAMED_CHOICES).map(String).join(', ');
  const more = choices.length > MAX_NAMED_CHOICES ? `, … (${choices.length})` : '';
  return `is "${String(value)}"; this ComfyUI has: ${named}${more}`;
}

function numberProblem(value: unknown, declared: unknown): string | null {
  const [type, limits] = Array.isArray(declared) ? (declared as readonly unknown[]) : [];
  if (type !== 'INT' && type !== 'FLOAT') return null;
  const number = Number(value);
  if (typeof value === 'boolean' || value === '' || !Number.isFinite(number))
    return `must be a number, and is "${String(value)}"`;
  const { min, max } = z
    .object({ min: z.number().optional(), max: z.number().optional() })
    .catch({})
    .parse(limits ?? {});
  if (min !== undefined && number < min) return `must be at least ${min}, and is ${number}`;
  if (max !== undefined && number > max) return `must be at most ${max}, and is ${number}`;
  return null;
}
