import { setTimeout as pause } from 'node:timers/promises';
import type { FakeCard } from './fake-card.ts';
import { FakeEngine, Refusal } from './fake-engine.ts';

interface GenerateBody {
  model: string;
  keep_alive?: number | string;
  options?: { num_ctx?: number };
}

/** Ollama's loading and unloading, with its habits: an unload is answered before it happens. */
export class FakeOllama extends FakeEngine {
  readonly installed = new Map([
    ['llama3:8b', 5_000],
    ['llava:7b', 4_500],
    ['embed:1b', 300],
  ]);
  readonly loads: { model: string; numCtx: number | undefined }[] = [];
  loaded: { name: string; digest: string; size: number; size_vram: number }[] = [];
  unloadHangs = false;
  /** Killing the processes of its models does not help, either. */
  workersResist = true;
  /** How many loads from now on end with a half of the model in the computer's memory. */
  splitLoads = 0;
  loadGate: Promise<unknown> = Promise.resolve();
  driverLagMs = 0;
  private readonly versions = new Map<string, number>();
  private readonly card: FakeCard;

  constructor(card: FakeCard) {
    super();
    this.card = card;
  }

  override endWorkers(): number {
    if (this.workersResist) return 0;
    const ended = this.loaded.length;
    for (const { name } of this.loaded) {
      this.card.used.delete(name);
      this.card.used.delete(`${name} before`);
    }
    this.loaded = [];
    return ended;
  }

  /** `ollama pull` or `create` under a name that is in memory: the old weights stay there, and answer to nobody. */
  replace(model: string): void {
    const mib = this.card.used.get(model);
    if (mib !== undefined) {
      this.card.used.set(`${model} before`, mib);
      this.card.used.delete(model);
    }
    this.versions.set(model, (this.versions.get(model) ?? 1) + 1);
  }

  private digestOf(model: string): string {
    return `${model} ${this.versions.get(model) ?? 1}`;
  }

  protected async reply(_method: string, path: string, body: unknown): Promise<unknown> {
    switch (path) {
      case '/':
        return 'Ollama is running';
      case '/api/ps':
        return { models: this.loaded };
      case '/api/tags':
        return {
          models: [...this.installed.keys()].map((name) => ({
            name,
            size: 1,
            digest: this.digestOf(name),
            capabilities: ['completion'],
          })),
        };
      case '/api/generate':
        return this.generate(body as GenerateBody);
      case '/api/embed':
        return this.load(body as GenerateBody);
      default:
        return null;
    }
  }

  private async generate(body: GenerateBody): Promise<unknown> {
    const mib = this.installed.get(body.model);
    if (mib === undefined) return null;
    if (body.keep_alive === 0) {
      if (!this.unloadHangs) void this.unload(body.model);
      return { done: true, done_reason: 'unload' };
    }
    if (body.model.startsWith('embed')) return new Refusal(400);
    return this.load(body);
  }

  private async load(body: GenerateBody): Promise<unknown> {
    const mib = this.installed.get(body.model) ?? 0;
    await this.loadGate;
    this.loads.push({ model: body.model, numCtx: body.options?.num_ctx });
    const isSplit = this.splitLoads > 0;
    this.splitLoads -= 1;
    const size = mib * 1_048_576;
    const digest = this.digestOf(body.model);
    this.loaded = this.loaded.filter((model) => model.digest !== digest);
    this.loaded.push({ name: body.model, digest, size, size_vram: isSplit ? size / 2 : size });
    this.card.used.set(body.model, mib);
    return { done: true, done_reason: 'load' };
  }

  private async unload(model: string): Promise<void> {
    await pause(5);
    this.loaded = this.loaded.filter(({ digest }) => digest !== this.digestOf(model));
    await pause(this.driverLagMs);
    this.card.used.delete(model);
  }
}
