import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  SLOT_NAMES,
  UnclearWorkflow,
  findImageSlots,
  findSlots,
  type WorkflowSlots,
} from './workflow-slots.ts';
import { hashOf, workflow, type Workflow } from './workflow.ts';

/** A graph with its places for values. */
export interface PreparedWorkflow extends WorkflowSlots {
  /** For people: `built in`, or the file's name. */
  readonly name: string;
  readonly hash: string;
  readonly graph: Workflow;
}

/** What stands beside a graph when its places cannot be found: `"prompt": "6.text"`. */
const declaration = z.strictObject(
  Object.fromEntries(
    [...SLOT_NAMES, 'output' as const].map((name) => [name, z.string().optional()]),
  ) as Record<(typeof SLOT_NAMES)[number] | 'output', z.ZodOptional<z.ZodString>>,
);

/** A workflow file that is of no use; the message is for whoever configures this, and names no folder. */
export class WorkflowUnusable extends Error {}

/** @throws UnclearWorkflow */
export function prepareWorkflow(name: string, graph: Workflow): PreparedWorkflow {
  return { name, hash: hashOf(graph), graph, ...findSlots(graph) };
}

/**
 * Reads a user's own export ("Export (API)"). Where its places cannot be found by themselves, a file `<name>.slots.json`
 * beside it declares them.
 *
 * @throws WorkflowUnusable
 */
export function readWorkflow(path: string): PreparedWorkflow {
  return readWith(path, findSlots);
}

/** Reads a graph that makes a picture larger: it needs no prompt and no sampler. @throws WorkflowUnusable */
export function prepareUpscale(path: string): PreparedWorkflow {
  return readWith(path, findImageSlots);
}

function readWith(path: string, find: typeof findSlots): PreparedWorkflow {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const graph = graphOf(name, parsed(name, path));
  const declared = readDeclaration(path);
  try {
    return { name, hash: hashOf(graph), graph, ...find(graph, withoutUndefined(declared)) };
  } catch (error) {
    if (!(error instanceof UnclearWorkflow)) throw error;
    throw new WorkflowUnusable(`${name}: ${error.message}`);
  }
}

function graphOf(name: string, json: unknown): Workflow {
  if (z.object({ nodes: z.array(z.unknown()) }).safeParse(json).success) {
    throw new WorkflowUnusable(
      `${name} is in the editor's format: use "Export (API)" in ComfyUI's menu, and name that file`,
    );
  }
  // Some exports wrap the graph as it is sent to POST /prompt.
  const wrapped = z.object({ prompt: workflow }).safeParse(json);
  const graph = wrapped.success ? wrapped : workflow.safeParse(json);
  if (!graph.success) {
    const [issue] = graph.error.issues;
    throw new WorkflowUnusable(
      `${name} is no workflow in API format: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  const found = wrapped.success ? wrapped.data.prompt : (graph.data as Workflow);
  if (Object.keys(found).length === 0) throw new WorkflowUnusable(`${name} has no nodes`);
  return found;
}

function readDeclaration(path: string): z.infer<typeof declaration> {
  const beside = path.replace(/(\.json)?$/i, '.slots.json');
  const name = beside.split(/[\\/]/).at(-1) ?? beside;
  const text = read(beside);
  if (text === null) return {};
  const found = declaration.safeParse(parseJson(name, text));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new WorkflowUnusable(`${name}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim());
}

function parsed(name: string, path: string): unknown {
  const text = read(path);
  if (text === null) throw new WorkflowUnusable(`${name} is not there, or may not be read`);
  return parseJson(name, text);
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WorkflowUnusable(`${name} is not JSON`);
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function withoutUndefined<T extends object>(of: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as never;
}
