import { AppError } from '@baton/kernel';
import type { EngineName } from '@baton/contracts';
import type { GuardService } from '../guard/guard.service.ts';
import type { SwapService } from '../swap/swap.service.ts';
import type { NodeEngine } from './node-engine.ts';

export interface EngineRestartParts {
  readonly engines: readonly NodeEngine[];
  readonly guard: GuardService;
  readonly swaps: SwapService;
  /** Of what the process held, nothing is left on the card. */
  readonly onGone: (engine: EngineName) => void;
  readonly report: (engine: EngineName, why: string, error: unknown) => void;
}

/**
 * Ends an engine's process and starts it anew, for an administrator or the watch. What runs in it is lost, so the door is
 * shut first: an engine that owns the GPU loses it, and its leases end.
 */
export class EngineRestartService {
  private readonly parts: EngineRestartParts;
  private readonly running = new Map<EngineName, Promise<void>>();

  constructor(parts: EngineRestartParts) {
    this.parts = parts;
  }

  /**
   * Begins a restart and returns at once; the engine's state tells of it. One that is under way already is this one.
   *
   * @throws AppError `engine.not_ours` for one that we may not stop
   */
  begin(name: EngineName, why: string): void {
    void this.engineOf(name);
    this.restart(name, why).catch(() => undefined);
  }

  /** Resolves when the old process is gone. @throws AppError as `begin`, and as `ManagedEngine.stop` */
  restart(name: EngineName, why: string): Promise<void> {
    const under = this.running.get(name);
    if (under !== undefined) return under;
    const restart = this.perform(name, why).finally(() => this.running.delete(name));
    this.running.set(name, restart);
    return restart;
  }

  private async perform(name: EngineName, why: string): Promise<void> {
    const { guard, swaps, report, onGone } = this.parts;
    const { managed } = this.engineOf(name);
    const isOwner = swaps.owner?.engine === name;
    swaps.engineEnded(name);
    // Connections are cut at once; that prompts have ended is known when the process is gone, and not waited for here.
    const revoked = isOwner ? guard.revokeAll() : Promise.resolve(true);
    try {
      await managed.restart();
      onGone(name);
      report(name, why, null);
    } catch (error) {
      report(name, why, error);
      throw error;
    } finally {
      // A swap may have opened the gate while the process was ending.
      swaps.engineEnded(name);
      await revoked;
    }
  }

  private engineOf(name: EngineName): NodeEngine {
    const engine = this.parts.engines.find((one) => one.name === name);
    if (engine === undefined) throw new AppError('engine.unknown', { engine: name });
    if (!engine.managed.canStop) {
      throw new AppError('engine.not_ours', { engine: name, driver: engine.managed.kind });
    }
    return engine;
  }
}
