export interface NodeProgress {
  readonly value: number;
  readonly max: number;
  readonly state: 'running' | 'finished' | 'error';
  readonly node_id: string;
  readonly prompt_id: string;
  readonly display_node_id: string;
  readonly parent_node_id: null;
  readonly real_node_id: string;
  readonly activity?: string;
}

/** At most one progress per this time, and only if the value has moved by this share. */
const THROTTLE_MS = 100;
const THROTTLE_SHARE = 0.005;

/** Cumulative progress of one prompt: every frame repeats all nodes so far. */
export class PromptProgress {
  readonly #promptId: string;
  readonly #nodes: Record<string, NodeProgress> = {};
  #last: { readonly node: string; readonly atMs: number; readonly share: number } | null = null;

  constructor(promptId: string) {
    this.#promptId = promptId;
  }

  start(node: string, activity?: string): void {
    this.#set(node, { value: 0, max: 1, state: 'running', ...(activity === undefined ? {} : { activity }) });
  }

  update(node: string, value: number, max: number): void {
    this.#set(node, { value, max, state: 'running' });
  }

  /** A node that counted up to a maximum of its own ends at that. */
  finish(node: string): void {
    const max = this.#nodes[node]?.max ?? 1;
    this.#set(node, { value: max, max, state: 'finished' });
  }

  /** First, last and picture-carrying progress always pass; call it once per progress. */
  passes(node: string, step: { value: number; max: number; hasPicture: boolean; nowMs: number }): boolean {
    const { value, max, hasPicture, nowMs } = step;
    const last = this.#last?.node === node ? this.#last : null;
    const share = max > 0 ? value / max : 1;
    const isFree =
      last === null ||
      hasPicture ||
      value >= max ||
      (nowMs - last.atMs >= THROTTLE_MS && share - last.share >= THROTTLE_SHARE);
    if (isFree) this.#last = { node, atMs: nowMs, share };
    return isFree;
  }

  /** The data of a `progress_state` frame. */
  state(): { prompt_id: string; nodes: Record<string, NodeProgress> } {
    return { prompt_id: this.#promptId, nodes: { ...this.#nodes } };
  }

  #set(node: string, part: Pick<NodeProgress, 'value' | 'max' | 'state' | 'activity'>): void {
    this.#nodes[node] = {
      ...part,
      node_id: node,
      prompt_id: this.#promptId,
      display_node_id: node,
      parent_node_id: null,
      real_node_id: node,
    };
  }
}
