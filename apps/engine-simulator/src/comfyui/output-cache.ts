import type { Folders } from './folders.ts';
import type { NodeValue } from './nodes/values.ts';
import type { NodeRegistry } from './nodes/registry.ts';
import type { NodeUi } from './prompt-queue.ts';
import type { Prompt } from './prompt.ts';
import { isLink } from './prompt.ts';

export interface CachedOutput {
  readonly outputs: readonly NodeValue[];
  readonly ui: NodeUi | null;
}

/**
 * Outputs of nodes that have run, by class, inputs and all ancestors (not by node id). Two graphs that name a node
 * differently share its output.
 */
export class OutputCache {
  readonly #entries = new Map<string, CachedOutput>();
  #keys = new Map<string, string>();

  /** Takes the keys of a graph; with `last-prompt`, entries that it does not use are dropped. */
  async enter(
    prompt: Prompt,
    parts: { registry: NodeRegistry; folders: Folders; keep: 'last-prompt' | 'all' },
  ): Promise<void> {
    this.#keys = await keysOf(prompt, parts);
    if (parts.keep === 'all') return;
    const used = new Set(this.#keys.values());
    for (const key of this.#entries.keys()) if (!used.has(key)) this.#entries.delete(key);
  }

  get(id: string): CachedOutput | undefined {
    const key = this.#keys.get(id);
    return key === undefined ? undefined : this.#entries.get(key);
  }

  set(id: string, output: CachedOutput): void {
    const key = this.#keys.get(id);
    if (key !== undefined) this.#entries.set(key, output);
  }

  clear(): void {
    this.#entries.clear();
  }
}

let neverCount = 0;

async function keysOf(
  prompt: Prompt,
  { registry, folders }: { registry: NodeRegistry; folders: Folders },
): Promise<Map<string, string>> {
  const keys = new Map<string, string>();
  const keyOf = async (id: string): Promise<string> => {
    const known = keys.get(id);
    if (known !== undefined) return known;
    const node = prompt[id];
    const nodeClass = node && registry.get(node.class_type);
    if (node === undefined || nodeClass === undefined) return 'missing';
    const inputs: unknown[] = [];
    for (const [name, value] of Object.entries(node.inputs).sort(([a], [b]) => (a < b ? -1 : 1))) {
      inputs.push([name, isLink(value) ? { from: await keyOf(value[0]), output: value[1] } : value]);
    }
    const print = await fingerprint(nodeClass.fingerprint?.(node.inputs, folders));
    const key = JSON.stringify([node.class_type, print, inputs]);
    keys.set(id, key);
    return key;
  };
  for (const id of Object.keys(prompt)) await keyOf(id);
  return keys;
}

async function fingerprint(given: Promise<string> | 'never' | undefined): Promise<string> {
  if (given === undefined) return '';
  if (given !== 'never') return given;
  neverCount += 1;
  return `never:${neverCount}`;
}
