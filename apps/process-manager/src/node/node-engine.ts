import { isDeepStrictEqual } from 'node:util';
import type { EngineName, EngineView } from '@baton/contracts';
import { Listeners } from '../core/listeners.ts';
import type { ManagedEngine } from '../core/managed-engine.ts';
import type { EngineSoftware } from '../engines/engine-software.ts';

export interface NodeEngineParts {
  readonly managed: ManagedEngine;
  readonly software: EngineSoftware;
  readonly isSimulated: boolean;
}

/** One engine of this node: its process, its program, and what is shown of it. */
export class NodeEngine {
  readonly managed: ManagedEngine;
  readonly software: EngineSoftware;
  readonly isSimulated: boolean;
  private readonly changes = new Listeners<[EngineView]>();
  private models: readonly string[] = [];
  private shown: EngineView;

  constructor(parts: NodeEngineParts) {
    this.managed = parts.managed;
    this.software = parts.software;
    this.isSimulated = parts.isSimulated;
    this.shown = this.view;
    this.managed.onChange((state) => {
      if (state !== 'ready') this.models = [];
      this.tellIfChanged();
    });
  }

  get name(): EngineName {
    return this.software.engine;
  }

  get view(): EngineView {
    return {
      engine: this.name,
      state: this.managed.state,
      simulated: this.isSimulated,
      driver: this.managed.kind,
      loaded_models: [...this.models],
    };
  }

  /** Where to talk to it; null while there is nobody to talk to. */
  get url(): string | null {
    return this.managed.state === 'ready' ? this.managed.url : null;
  }

  onChange(listener: (view: EngineView) => void): () => void {
    return this.changes.add(listener);
  }

  /** Looks anew at what is loaded. An engine that does not answer just now keeps its last answer. */
  async refresh(signal: AbortSignal): Promise<void> {
    await this.managed.check();
    const { url } = this;
    if (url === null) return;
    try {
      this.models = await this.software.loadedModels(url, signal);
    } catch {
      return;
    }
    this.tellIfChanged();
  }

  private tellIfChanged(): void {
    const { view } = this;
    if (isDeepStrictEqual(view, this.shown)) return;
    this.shown = view;
    this.changes.tell(view);
  }
}
