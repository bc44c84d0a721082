/**
 * The memory of one simulated card: who holds what, and the judge that says when two engines were loaded at once.
 * Pure: time comes in as an argument (milliseconds since the epoch), nothing here waits or talks.
 *
 * A context is one process's use of the card. Its memory has a kind:
 *   - `context`: what the bare driver context costs (some hundred MiB, held until the process ends);
 *   - `weights`: a model; the only kind that counts as "loaded" for the judge;
 *   - `scratch`: activations, KV cache on its own, decode buffers.
 * Memory of a process that has gone stays used, and stays judged, until the driver reports it free: whoever starts
 * the next engine must have waited for the driver, not for the process.
 */
export type EngineKind = 'ollama' | 'comfyui' | 'foreign';
export type MemoryKind = 'context' | 'weights' | 'scratch';

export interface Allocation {
  readonly id: string;
  readonly label: string;
  readonly kind: MemoryKind;
  readonly bytes: number;
}

export interface ContextOwner {
  readonly engine: EngineKind;
  readonly pid: number;
  /** Bytes of the bare driver context. */
  readonly contextBytes: number;
}

export interface CardUsage {
  readonly totalBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

export interface Overlap {
  /** When it began, milliseconds since the epoch. */
  readonly at: number;
  readonly engines: readonly EngineKind[];
  readonly ms: number;
  readonly isOver: boolean;
}

export interface LedgerEvent {
  readonly at: number;
  readonly what: 'opened' | 'allocated' | 'resized' | 'freed' | 'refused' | 'vanished' | 'reclaimed';
  readonly engine: EngineKind;
  readonly pid: number;
  readonly label: string;
  readonly bytes: number;
  readonly usedBytes: number;
}

export interface CardProcess {
  readonly pid: number;
  readonly engine: EngineKind;
  readonly label: string;
  readonly usedBytes: number;
  readonly weightBytes: number;
  /** False once the process has gone and only the driver still counts its memory. */
  readonly isAlive: boolean;
}

/** The card refused: `cudaMalloc` would have failed. */
export class CardOutOfMemory extends Error {
  readonly wantedBytes: number;
  readonly freeBytes: number;

  constructor(wantedBytes: number, freeBytes: number) {
    super(`CUDA out of memory: wanted ${wantedBytes} bytes, ${freeBytes} bytes are free`);
    this.name = 'CardOutOfMemory';
    this.wantedBytes = wantedBytes;
    this.freeBytes = freeBytes;
  }
}

interface Context extends ContextOwner {
  readonly allocations: Map<string, Allocation>;
  isAlive: boolean;
}

/** Enough for any test to read back; older entries are dropped. */
const EVENTS_KEPT = 2_000;
const OVERLAPS_KEPT = 500;

export class Ledger {
  totalBytes: number;
  readonly #contexts = new Map<string, Context>();
  readonly #events: LedgerEvent[] = [];
  readonly #overlaps: Overlap[] = [];
  #overlapCount = 0;
  #maxOverlapMs = 0;
  #running: { at: number; engines: EngineKind[] } | null = null;
  #lastId = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  /** A process begins to use the card. Throws CardOutOfMemory when not even the context fits. */
  open(owner: ContextOwner, now: number): string {
    this.#mustFit(owner.contextBytes, { owner, label: 'context', now });
    const id = this.#nextId('ctx');
    const context: Context = { ...owner, allocations: new Map(), isAlive: true };
    this.#contexts.set(id, context);
    if (owner.contextBytes > 0) {
      const allocation = {
        id: this.#nextId('mem'),
        label: 'context',
        kind: 'context',
        bytes: owner.contextBytes,
      } as const;
      context.allocations.set(allocation.id, allocation);
    }
    this.#note('opened', context, { label: 'context', bytes: owner.contextBytes }, now);
    return id;
  }

  /** Throws CardOutOfMemory, and then nothing has changed. */
  alloc(contextId: string, wanted: Omit<Allocation, 'id'>, now: number): Allocation {
    const context = this.#context(contextId);
    this.#mustFit(wanted.bytes, { owner: context, label: wanted.label, now });
    const allocation: Allocation = { ...wanted, id: this.#nextId('mem') };
    context.allocations.set(allocation.id, allocation);
    this.#note('allocated', context, allocation, now);
    return allocation;
  }

  /** Grows or shrinks one allocation. Throws CardOutOfMemory, and then the old size stands. */
  resize(contextId: string, allocationId: string, bytes: number, now: number): Allocation {
    const context = this.#context(contextId);
    const old = context.allocations.get(allocationId);
    if (!old) throw new Error(`no allocation ${allocationId} in context ${contextId}`);
    this.#mustFit(bytes - old.bytes, { owner: context, label: old.label, now });
    const allocation: Allocation = { ...old, bytes };
    context.allocations.set(allocationId, allocation);
    this.#note('resized', context, allocation, now);
    return allocation;
  }

  /** Freeing twice is harmless. */
  free(contextId: string, allocationId: string, now: number): void {
    const context = this.#context(contextId);
    const allocation = context.allocations.get(allocationId);
    if (!allocation) return;
    context.allocations.delete(allocationId);
    this.#note('freed', context, allocation, now);
  }

  /** The process has gone; the driver still counts its memory, if it has any, until `reclaim`. */
  vanish(contextId: string, now: number): void {
    const context = this.#contexts.get(contextId);
    if (!context?.isAlive) return;
    context.isAlive = false;
    if (bytesOf(context) === 0) this.#contexts.delete(contextId);
    this.#note('vanished', context, { label: labelOf(context), bytes: bytesOf(context) }, now);
  }

  /** The driver reports the memory of a process that has gone as free. */
  reclaim(contextId: string, now: number): void {
    const context = this.#contexts.get(contextId);
    if (!context || context.isAlive) return;
    this.#contexts.delete(contextId);
    this.#note('reclaimed', context, { label: labelOf(context), bytes: bytesOf(context) }, now);
  }

  /** Contexts whose process has gone but whose memory is still counted. */
  vanished(): string[] {
    return [...this.#contexts].filter(([, context]) => !context.isAlive).map(([id]) => id);
  }

  usage(): CardUsage {
    const usedBytes = [...this.#contexts.values()].reduce((sum, context) => sum + bytesOf(context), 0);
    return { totalBytes: this.totalBytes, usedBytes, freeBytes: Math.max(0, this.totalBytes - usedBytes) };
  }

  processes(): CardProcess[] {
    return [...this.#contexts.values()].map((context) => ({
      pid: context.pid,
      engine: context.engine,
      label: labelOf(context),
      usedBytes: bytesOf(context),
      weightBytes: weightsOf(context),
      isAlive: context.isAlive,
    }));
  }

  /** The judge: every span in which weights of more than one engine were on the card; a running one included. */
  overlaps(now: number): { overlaps: Overlap[]; overlapCount: number; maxOverlapMs: number } {
    const running = this.#running;
    const current: Overlap[] = running ? [{ ...running, ms: now - running.at, isOver: false }] : [];
    return {
      overlaps: [...this.#overlaps, ...current],
      overlapCount: this.#overlapCount + current.length,
      maxOverlapMs: Math.max(this.#maxOverlapMs, ...current.map((overlap) => overlap.ms)),
    };
  }

  forgetOverlaps(now: number): void {
    this.#overlaps.length = 0;
    this.#overlapCount = 0;
    this.#maxOverlapMs = 0;
    this.#running = null;
    this.#judge(now);
  }

  events(): readonly LedgerEvent[] {
    return this.#events;
  }

  #context(id: string): Context {
    const context = this.#contexts.get(id);
    if (!context) throw new Error(`no context ${id} on this card`);
    return context;
  }

  #mustFit(bytes: number, refused: { owner: ContextOwner; label: string; now: number }): void {
    const { freeBytes } = this.usage();
    if (bytes <= freeBytes) return;
    this.#note('refused', refused.owner, { label: refused.label, bytes }, refused.now);
    throw new CardOutOfMemory(bytes, freeBytes);
  }

  #note(
    what: LedgerEvent['what'],
    owner: ContextOwner,
    memory: { label: string; bytes: number },
    at: number,
  ): void {
    const { engine, pid } = owner;
    const { label, bytes } = memory;
    this.#events.push({ at, what, engine, pid, label, bytes, usedBytes: this.usage().usedBytes });
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
    this.#judge(at);
  }

  #judge(now: number): void {
    const loaded = new Set<EngineKind>();
    for (const context of this.#contexts.values()) {
      if (context.engine !== 'foreign' && weightsOf(context) > 0) loaded.add(context.engine);
    }
    if (loaded.size > 1) {
      this.#running ??= { at: now, engines: [...loaded].sort() };
      return;
    }
    if (!this.#running) return;
    const ms = now - this.#running.at;
    this.#overlaps.push({ ...this.#running, ms, isOver: true });
    if (this.#overlaps.length > OVERLAPS_KEPT) this.#overlaps.shift();
    this.#overlapCount += 1;
    this.#maxOverlapMs = Math.max(this.#maxOverlapMs, ms);
    this.#running = null;
  }

  #nextId(prefix: string): string {
    this.#lastId += 1;
    return `${prefix}-${this.#lastId}`;
  }
}

function bytesOf(context: Context): number {
  return [...context.allocations.values()].reduce((sum, allocation) => sum + allocation.bytes, 0);
}

function weightsOf(context: Context): number {
  return [...context.allocations.values()]
    .filter((allocation) => allocation.kind === 'weights')
    .reduce((sum, allocation) => sum + allocation.bytes, 0);
}

/** The models a process holds, else the word for a bare context. */
function labelOf(context: Context): string {
  const labels = [...context.allocations.values()].filter((a) => a.kind !== 'context').map((a) => a.label);
  return labels.length > 0 ? [...new Set(labels)].join(', ') : 'context';
}
