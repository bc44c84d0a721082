import { AppError, pause, type Clock } from '@baton/kernel';
import type { EngineDriver } from '../core/engine-driver.ts';
import { isListening } from './listening-port.ts';
import type { RunProgram } from './run-program.ts';

const POLL_MS = 100;

/** How its owner starts and stops an engine that is not ours. No shell sees the commands. */
export interface OwnersCommands {
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** How long each may take, and how long after the stop nobody may still listen at the engine's address. */
  readonly limitMs: number;
}

export interface AttachedParts {
  readonly engine: string;
  readonly url: string;
  /** Null: its owner has not allowed it to be stopped. */
  readonly commands: OwnersCommands | null;
  readonly run: RunProgram;
  readonly clock: Clock;
}

/**
 * An engine that was running before us. It is never stopped or killed but by the command that its owner gave for this;
 * without one only its address is known. Its end is seen by asking it, not by being told.
 */
export class AttachedDriver implements EngineDriver {
  readonly kind = 'attached';
  readonly logs = null;
  private readonly parts: AttachedParts;

  constructor(parts: AttachedParts) {
    this.parts = parts;
  }

  get url(): string {
    return this.parts.url;
  }

  get canStop(): boolean {
    return this.parts.commands !== null;
  }

  adopt(): Promise<boolean> {
    return isListening(this.url);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { commands, engine } = this.parts;
    if (commands === null || (await isListening(this.url))) return;
    try {
      await this.perform(commands.start, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.start_failed', { engine, step: 'its start command' }, { cause });
    }
  }

  async stop(): Promise<void> {
    const { commands, clock, engine } = this.parts;
    if (commands === null || !(await isListening(this.url))) return;
    try {
      await this.perform(commands.stop);
    } catch (cause) {
      throw new AppError('engine.failed', { engine, step: 'its stop command' }, { cause });
    }
    const deadline = clock.monotonic() + commands.limitMs;
    while (await isListening(this.url)) {
      if (clock.monotonic() > deadline) {
        throw new AppError('engine.failed', { engine, cause: 'it listens still after its stop command' });
      }
      await pause(clock, POLL_MS);
    }
  }

  endWorkers(): Promise<number> {
    return Promise.resolve(0);
  }

  onExit(): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async perform(command: readonly string[], signal?: AbortSignal): Promise<void> {
    const { run, commands } = this.parts;
    const { code } = await run(command, {
      environment: commands?.environment ?? {},
      limitMs: commands?.limitMs ?? 0,
      ...(signal === undefined ? {} : { signal }),
    });
    if (code !== 0) throw new AppError('engine.failed', { code });
  }
}
