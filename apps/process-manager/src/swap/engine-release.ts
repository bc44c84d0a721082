import { AppError, type Clock } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import { withinTime } from '../core/within-time.ts';
import type { CardService } from '../gpu/card.service.ts';
import type { LeftBehind } from '../engines/engine-software.ts';
import type { NodeEngine } from '../node/node-engine.ts';

/** One step harder than asking, with its reason and its time. */
export interface Escalation {
  readonly engine: EngineName;
  /** `workers`: what the engine has started was killed. `stop`: the engine itself, and everything of it. */
  readonly step: 'workers' | 'stop';
  readonly why: string;
  readonly ms: number;
}

export interface ReleaseParts {
  readonly card: CardService;
  readonly clock: Clock;
  /** How long asking may take before the next step. */
  readonly freeMs: number;
  /** Whose turn it is afterwards. */
  readonly next: EngineName | null;
  /** Ends everything; nothing is escalated after it. */
  readonly signal: AbortSignal;
}

/** What is left when it has let go, or why it has not. */
type Answer = { readonly left: readonly LeftBehind[] } | { readonly refusal: unknown };

/** After its hanging worker was killed, an engine needs no time to let go. */
const AFTER_WORKERS_MS = 3_000;

/**
 * Gets the card back from an engine, one step harder each time:
 *   1. ask, by the engine's own way, and wait until it says that it holds nothing;
 *   2. Ollama: kill the processes of its models, which is what cures one that hangs in "Stopping", and wait again;
 *   3. stop the engine with everything that it has started.
 * Steps 2 and 3 only where the engine is ours to stop. Models that no call reaches need step 2 at once. Where the engine is
 * not ours, it is for the driver to say whether their memory is in the way, and never in the way of the engine itself.
 */
export class EngineRelease {
  private readonly parts: ReleaseParts;
  private readonly steps: Escalation[] = [];
  private readonly left = new Map<EngineName, number>();

  constructor(parts: ReleaseParts) {
    this.parts = parts;
  }

  get escalations(): readonly Escalation[] {
    return this.steps;
  }

  get stopped(): readonly EngineName[] {
    return [...new Set(this.steps.filter(({ step }) => step === 'stop').map(({ engine }) => engine))];
  }

  /** Memory of an engine's models that no call reaches, of one that is not ours to stop. */
  leftMib(engine: EngineName | undefined): number {
    return (engine === undefined ? undefined : this.left.get(engine)) ?? 0;
  }

  /** @throws AppError `gpu.swap_failed` for an engine that will not let go and is not ours to stop */
  async free(engine: NodeEngine): Promise<void> {
    let answer = await this.ask(engine, this.parts.freeMs);
    if (!('refusal' in answer)) return this.endLeftBehind(engine, answer.left);
    const { managed, software } = engine;
    if (managed.canStop && software.hasWorkers) {
      const ended = await this.timed(engine, 'workers', 'would not free', () => managed.endWorkers());
      if (ended > 0) answer = await this.ask(engine, AFTER_WORKERS_MS);
      // Its models were all ended: what it still lists has no process, and no memory.
      if (!('refusal' in answer)) return;
    }
    await this.stop(engine, 'would not free', answer.refusal);
  }

  private async endLeftBehind(engine: NodeEngine, left: readonly LeftBehind[]): Promise<void> {
    const { managed, name } = engine;
    this.left.delete(name);
    if (left.length === 0) return;
    const why = 'keeps models that were replaced';
    if (managed.canStop) {
      const ended = await this.timed(engine, 'workers', why, () => managed.endWorkers());
      if (ended === 0) await this.stop(engine, why);
      return;
    }
    const { card, next } = this.parts;
    if (!card.canVerify && name !== next) {
      throw new AppError('gpu.swap_failed', { engine: name, why, models: left.map(({ model }) => model) });
    }
    this.left.set(
      name,
      left.reduce((sum, { mib }) => sum + mib, 0),
    );
  }

  /** @throws AppError `gpu.swap_failed` for an engine that is not ours to stop */
  async stop(engine: NodeEngine, why: string, cause?: unknown): Promise<void> {
    if (!engine.managed.canStop) {
      throw new AppError('gpu.swap_failed', { engine: engine.name, why }, { cause });
    }
    await this.timed(engine, 'stop', why, () => engine.managed.stop());
    this.parts.card.forgetResidue();
  }

  private async ask(engine: NodeEngine, limitMs: number): Promise<Answer> {
    const { clock, signal } = this.parts;
    const { url } = engine;
    if (url === null) return { left: [] };
    const late = new AppError('gpu.swap_failed', { engine: engine.name, cause: 'would not free in time' });
    try {
      const left = await withinTime({ clock, ms: limitMs, signal, late }, (limited) =>
        engine.software.free(url, limited),
      );
      return { left };
    } catch (cause) {
      signal.throwIfAborted();
      return { refusal: cause };
    }
  }

  private async timed<T>(
    { name }: NodeEngine,
    step: Escalation['step'],
    why: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const { clock } = this.parts;
    const from = clock.monotonic();
    try {
      return await work();
    } finally {
      this.steps.push({ engine: name, step, why, ms: Math.round(clock.monotonic() - from) });
    }
  }
}
