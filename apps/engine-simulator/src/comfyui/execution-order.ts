import type { NodeRegistry } from './nodes/registry.ts';
import type { Prompt } from './prompt.ts';
import { isLink, WorkerDied } from './prompt.ts';

/**
 * Which node runs next. Not the order of the JSON: nodes enter in the order in which a walk from the outputs finds
 * them (the last link first), and among those whose links are done the choice is, in this order:
 *   1. an output node;
 *   2. a node that feeds an output node;
 *   3. a node two links before an output node;
 *   4. the one that entered first.
 */
export class ExecutionOrder {
  readonly #prompt: Prompt;
  readonly #registry: NodeRegistry;
  readonly #isCached: (id: string) => boolean;
  /** Waiting nodes in the order they entered, each with the nodes it still waits for. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #blocking = new Map<string, Set<string>>();

  constructor(prompt: Prompt, registry: NodeRegistry, isCached: (id: string) => boolean) {
    this.#prompt = prompt;
    this.#registry = registry;
    this.#isCached = isCached;
  }

  /** Throws WorkerDied at a link to a node that is not there: nothing in the real server catches that. */
  add(output: string): void {
    const found = [output];
    const links: { from: string; to: string }[] = [];
    for (let id = found.pop(); id !== undefined; id = found.pop()) {
      if (this.#waiting.has(id)) continue;
      const node = this.#prompt[id];
      if (node === undefined) throw new WorkerDied(`Node ${id} not found`);
      this.#waiting.set(id, new Set());
      this.#blocking.set(id, new Set());
      for (const value of Object.values(node.inputs)) {
        if (!isLink(value)) continue;
        const [from] = value;
        if (this.#isCached(from)) continue;
        found.push(from);
        links.push({ from, to: id });
      }
    }
    for (const { from, to } of links) {
      this.#waiting.get(to)?.add(from);
      this.#blocking.get(from)?.add(to);
    }
  }

  /** The next node, which stays in the list until `done`; null when all are done. */
  next(): string | null {
    const ready = [...this.#waiting].filter(([, on]) => on.size === 0).map(([id]) => id);
    const feeds = (id: string): string[] => [...(this.#blocking.get(id) ?? [])];
    return (
      ready.find((id) => this.#isOutput(id)) ??
      ready.find((id) => feeds(id).some((fed) => this.#isOutput(fed))) ??
      ready.find((id) => feeds(id).some((fed) => feeds(fed).some((last) => this.#isOutput(last)))) ??
      ready[0] ??
      null
    );
  }

  done(id: string): void {
    for (const blocked of this.#blocking.get(id) ?? []) this.#waiting.get(blocked)?.delete(id);
    this.#waiting.delete(id);
    this.#blocking.delete(id);
  }

  #isOutput(id: string): boolean {
    const name = this.#prompt[id]?.class_type;
    return name !== undefined && this.#registry.get(name)?.isOutput === true;
  }
}
