import { createHash } from 'node:crypto';
import { z } from 'zod';

/** `[id of a node, which of its outputs]`. */
export type Link = readonly [nodeId: string, output: number];

const link = z.tuple([z.string(), z.int().nonnegative()]);
const node = z.object({
  class_type: z.string().min(1),
  inputs: z.record(z.string(), z.unknown()),
  _meta: z.object({ title: z.string().optional() }).loose().optional(),
});

/** A graph in ComfyUI's API format: node id to class and inputs; an input is a value or a link. */
export const workflow = z.record(z.string(), node);
export type Workflow = z.infer<typeof workflow>;
export type WorkflowNode = Workflow[string];

export function linkOf(value: unknown): Link | null {
  const parsed = link.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** The names of a node for people: its id, its class, and its title where somebody gave one. */
export function nameOfNode(id: string, { class_type: kind, _meta: meta }: WorkflowNode): string {
  const title = meta?.title;
  return title === undefined || title === kind ? `node ${id} (${kind})` : `node ${id} (${kind}, "${title}")`;
}

/** Names a graph: what made a picture can be told apart later. Hex. */
export function hashOf(graph: Workflow): string {
  const ordered = Object.keys(graph)
    .sort()
    .map((id) => {
      const inputs = graph[id]?.inputs ?? {};
      return [
        id,
        graph[id]?.class_type,
        Object.keys(inputs)
          .sort()
          .map((name) => [name, inputs[name]]),
      ];
    });
  return createHash('sha256').update(JSON.stringify(ordered)).digest('hex').slice(0, 16);
}
