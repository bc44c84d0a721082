import type { EngineDriver } from '../core/engine-driver.ts';

/** An engine that was running before us. It is never stopped, killed or started: only its address is known. */
export class AttachedDriver implements EngineDriver {
  readonly kind = 'attached';
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  /** Its end is seen by asking it, not by being told. */
  onExit(): () => void {
    return () => undefined;
  }
}
