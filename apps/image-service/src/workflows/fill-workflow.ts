import type { SlotName, WorkflowSlots } from './workflow-slots.ts';
import type { Workflow } from './workflow.ts';

export type SlotValues = Readonly<Partial<Record<SlotName, string | number>>>;

/**
 * The graph with a request's values in it: a copy. One picture comes out of it, under `fileName`, whatever the graph's
 * author had set; a value that the graph has no place for is left out.
 */
export function fillWorkflow(
  graph: Workflow,
  { slots, output }: WorkflowSlots,
  values: SlotValues,
  fileName: string,
): Workflow {
  const filled = structuredClone(graph);
  for (const [name, value] of Object.entries(values)) {
    for (const { node, input } of slots[name as SlotName] ?? []) {
      const at = filled[node];
      if (at !== undefined) at.inputs[input] = value;
    }
  }
  for (const node of Object.values(filled)) {
    if (typeof node.inputs['batch_size'] === 'number') node.inputs['batch_size'] = 1;
    if (node.class_type === 'RepeatLatentBatch') node.inputs['amount'] = 1;
    // What people write on their nodes is none of the engine's business.
    delete node._meta;
  }
  const saving = filled[output];
  // Two orders never share a counter, and an old file is never taken for a new one.
  if (saving?.class_type === 'SaveImage') saving.inputs['filename_prefix'] = fileName;
  return filled;
}
