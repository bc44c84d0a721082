import { AppError, type Clock } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import { withinTime } from '../core/within-time.ts';
import type { CardService } from '../gpu/card.service.ts';
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
  /** Ends everything; nothing is escalated after it. */
  readonly signal: AbortSignal;
}

/** After its hanging worker was killed, an engine needs no time to let go. */
const AFTER_WORKERS_MS = 3_000;

/**
 * Gets the card back from an engine, one step harder each time:
 *   1. ask, by the engine's own way, and wait until it says that it holds nothing;
 *   2. Ollama: kill the processes of its models, which is what cures one that hangs in "Stopping", and wait again;
 *   3. stop the engine with everything that it has started.
 * Steps 2 and 3 only where the engine is ours to stop.
 */
export class EngineRelease {
  private readonly parts: ReleaseParts;
  private readonly steps: Escalation[] = [];

  constructor(parts: ReleaseParts) {
    this.parts = parts;
  }

  get escalations(): readonly Escalation[] {
    return this.steps;
  }

  get stopped(): readonly EngineName[] {
    return [...new Set(this.steps.filter(({ step }) => step === 'stop').map(({ engine }) => engine))];
  }

  /** @throws AppError `gpu.swap_failed` for an engine that will not let go and is not ours to stop */
  async free(engine: NodeEngine): Promise<void> {
    let refusal = await this.ask(engine, this.parts.freeMs);
    if (refusal === null) return;
    const { managed, software } = engine;
    if (managed.canStop && software.hasWorkers) {
      const ended = await this.timed(engine, 'workers', 'would not free', () => managed.endWorkers());
      if (ended > 0) refusal = await this.ask(engine, AFTER_WORKERS_MS);
      if (refusal === null) return;
    }
    await this.stop(engine, 'would not free', refusal.cause);
  }

  /** @throws AppError `gpu.swap_failed` for an engine that is not ours to stop */
  async stop(engine: NodeEngine, why: string, cause?: unknown): Promise<void> {
    if (!engine.managed.canStop) {
      throw new AppError('gpu.swap_failed', { engine: engine.name, why }, { cause });
    }
    await this.timed(engine, 'stop', why, () => engine.managed.stop());
    this.parts.card.forgetResidue();
  }

  /** Null when the engine has let go. */
  private async ask(engine: NodeEngine, limitMs: number): Promise<{ cause: unknown } | null> {
    const { clock, signal } = this.parts;
    const { url } = engine;
    if (url === null) return null;
    const late = new AppError('gpu.swap_failed', { engine: engine.name, cause: 'would not free in time' });
    try {
      await withinTime({ clock, ms: limitMs, signal, late }, (limited) => engine.software.free(url, limited));
      return null;
    } catch (cause) {
      signal.throwIfAborted();
      return { cause };
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
