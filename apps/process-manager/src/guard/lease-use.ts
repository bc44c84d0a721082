import type { Lane } from '@baton/contracts';

/** One passage in progress. `cut` ends both sides at once; `ended` resolves when the engine's side is closed. */
export interface Passing {
  cut(): void;
  readonly ended: Promise<unknown>;
}

/** What one lease is doing in an engine, so that it can be ended. */
export class LeaseUse {
  /** The model that it may use; null where the lane is an engine as a whole. */
  readonly model: string | null;
  /** That one, and others of the same Ollama that its work needs besides. */
  readonly models: readonly string[];
  /** What it may use, as lanes. */
  readonly lanes: readonly Lane[];
  private readonly passings = new Set<Passing>();
  private readonly submitted = new Map<string, 'sent' | 'answered'>();

  constructor(lane: Lane, alsoModels: readonly string[] = []) {
    this.model = lane.engine === 'ollama' ? lane.model : null;
    this.models = this.model === null ? [] : [this.model, ...alsoModels];
    this.lanes = lane.engine === 'ollama' ? this.models.map((model) => ({ ...lane, model })) : [lane];
  }

  get openConnections(): number {
    return this.passings.size;
  }

  add(passing: Passing): void {
    this.passings.add(passing);
    void passing.ended.then(() => this.passings.delete(passing));
  }

  /** Noted before the engine gets the prompt: whatever happens to the answer, its id is known. */
  noteSubmission(promptId: string): void {
    this.submitted.set(promptId, 'sent');
  }

  noteAnswer(promptId: string): void {
    this.submitted.set(promptId, 'answered');
  }

  hasSubmitted(promptId: string): boolean {
    return this.submitted.has(promptId);
  }

  get prompts(): ReadonlySet<string> {
    return new Set(this.submitted.keys());
  }

  /** True while the engine may still be taking in a prompt that it has not answered for. */
  get hasUnanswered(): boolean {
    return [...this.submitted.values()].includes('sent');
  }

  async whenIdle(): Promise<void> {
    while (this.passings.size > 0) await Promise.all([...this.passings].map(({ ended }) => ended));
  }

  cutAll(): void {
    for (const passing of this.passings) passing.cut();
  }
}
