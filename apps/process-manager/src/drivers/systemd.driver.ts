import { AppError, pause, type Clock } from '@baton/kernel';
import type { EngineDriver, EngineExit } from '../core/engine-driver.ts';
import { Listeners } from '../core/listeners.ts';
import { JournalLogs } from './journal-logs.ts';
import type { RunProgram } from './run-program.ts';
import { readUnit, type UnitState } from './systemd-unit.ts';

export interface SystemdSettings {
  readonly engine: string;
  readonly url: string;
  /** Like `ollama.service`. */
  readonly unit: string;
  /** Whose manager: the machine's (needs a right: root, or a polkit rule), or that of the user we run as. */
  readonly scope: 'system' | 'user';
  readonly systemctl: string;
  readonly journalctl: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How long a stop may take before the whole unit is killed. */
  readonly gentleMs: number;
}

/** `systemctl` itself, which only talks to the manager; also the wait between two looks whether the unit runs still. */
const CALL_MS = 10_000;
const START_MS = 60_000;
const KILLED_MS = 10_000;
const POLL_MS = 100;
const LOOK_MS = 1_000;

/** The engine as a systemd unit that its owner has named. Ends are seen by looking once a second. */
export class SystemdDriver implements EngineDriver {
  readonly kind = 'systemd';
  readonly canStop = true;
  readonly logs: JournalLogs;
  private readonly settings: SystemdSettings;
  private readonly run: RunProgram;
  private readonly clock: Clock;
  private readonly exits = new Listeners<[EngineExit]>();
  /** The run that we believe to be under way; null while we expect none. */
  private invocation: string | null = null;
  private cancelLook: () => void = () => undefined;

  constructor(settings: SystemdSettings, run: RunProgram, clock: Clock) {
    this.settings = settings;
    this.run = run;
    this.clock = clock;
    this.logs = new JournalLogs(settings);
  }

  get url(): string {
    return this.settings.url;
  }

  onExit(listener: (exit: EngineExit) => void): () => void {
    return this.exits.add(listener);
  }

  async adopt(): Promise<boolean> {
    const unit = await this.look().catch(() => null);
    if (unit === null || !unit.isUp) return false;
    this.watch(unit);
    return true;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { engine, unit } = this.settings;
    try {
      const before = await this.look(signal);
      if (!before.isLoaded) throw new AppError('engine.failed', { unit, load: before.load });
      if (!before.isUp) {
        // A unit that failed too often in a row would refuse to start until somebody says that it may.
        if (before.active === 'failed') await this.systemctl(['reset-failed', unit], { signal });
        const { code, stderr } = await this.systemctl(['start', unit], { signal, limitMs: START_MS });
        if (code !== 0) throw new AppError('engine.failed', { code, said: stderr.trim() });
      }
      const after = await this.look(signal);
      if (!after.isUp) throw new AppError('engine.failed', { active: after.active, result: after.result });
      this.watch(after);
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.start_failed', { engine, unit }, { cause });
    }
  }

  async stop(): Promise<void> {
    const { unit, gentleMs, engine } = this.settings;
    this.unwatch();
    // Returns when the unit has stopped, or runs out of time: then the unit is killed, with all that is in its group.
    await this.systemctl(['stop', unit], { limitMs: gentleMs }).catch(() => null);
    if (!(await this.isLeft())) return;
    await this.systemctl(['kill', '--signal=SIGKILL', unit]);
    await this.systemctl(['stop', unit], { limitMs: KILLED_MS });
    const deadline = this.clock.monotonic() + KILLED_MS;
    while (await this.isLeft()) {
      if (this.clock.monotonic() > deadline) throw new AppError('engine.failed', { engine, unit });
      await pause(this.clock, POLL_MS);
    }
  }

  /** The unit's group holds the engine as well, and nothing tells which process is which. */
  endWorkers(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    this.unwatch();
    return Promise.resolve();
  }

  /** @throws AppError `engine.failed` when the manager does not say: then nobody knows, and it counts as there */
  private async isLeft(): Promise<boolean> {
    const { isUp, active } = await this.look();
    return isUp || active === 'deactivating';
  }

  private watch({ invocation }: UnitState): void {
    this.invocation = invocation;
    this.cancelLook();
    this.cancelLook = this.clock.after(LOOK_MS, () => void this.lookForEnd());
  }

  private unwatch(): void {
    this.invocation = null;
    this.cancelLook();
  }

  /** Another invocation is another run: the unit's own `Restart=` may have been quicker than this look. */
  private async lookForEnd(): Promise<void> {
    const expected = this.invocation;
    const unit = await this.look().catch(() => null);
    if (expected === null || this.invocation !== expected) return;
    if (unit === null || (unit.isUp && unit.invocation === expected)) {
      this.cancelLook = this.clock.after(LOOK_MS, () => void this.lookForEnd());
      return;
    }
    this.unwatch();
    this.exits.tell({ ...unit.end, lastOutput: [] });
  }

  private async look(signal?: AbortSignal): Promise<UnitState> {
    const { unit } = this.settings;
    const { code, stdout, stderr } = await this.systemctl(
      ['show', unit, `--property=${READ_PROPERTIES}`],
      signal === undefined ? {} : { signal },
    );
    if (code !== 0) throw new AppError('engine.failed', { unit, code, said: stderr.trim() });
    return readUnit(stdout);
  }

  private systemctl(args: readonly string[], limits: { limitMs?: number; signal?: AbortSignal } = {}) {
    const { systemctl, scope, environment } = this.settings;
    const { limitMs = CALL_MS, signal } = limits;
    return this.run([systemctl, `--${scope}`, '--no-ask-password', ...args], {
      environment,
      limitMs,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

const READ_PROPERTIES =
  'LoadState,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,InvocationID,MainPID';
