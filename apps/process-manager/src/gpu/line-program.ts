import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Clock } from '@baton/kernel';

const RESTART_MS = 1_000;

/** A program that prints lines for as long as it is left alone. One that ends is started again. */
export class LineProgram {
  private readonly command: readonly string[];
  private readonly clock: Clock;
  private readonly take: (line: string) => void;
  private child: ChildProcess | null = null;
  private cancelRestart: () => void = () => undefined;
  private starting: Promise<boolean> = Promise.resolve(false);
  private isClosed = false;

  constructor(command: readonly string[], clock: Clock, take: (line: string) => void) {
    this.command = command;
    this.clock = clock;
    this.take = take;
  }

  /** False while it has ended and was not started again yet. */
  get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** False when there is no such program. */
  start(): Promise<boolean> {
    this.starting = this.spawn();
    return this.starting;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelRestart();
    await this.starting;
    const { child } = this;
    if (child === null || !this.isRunning) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  }

  private async spawn(): Promise<boolean> {
    const [program = '', ...args] = this.command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child, 'spawn');
    } catch {
      // One that was there before may only be away: a driver is being updated, or the machine is out of processes.
      if (this.child !== null) this.planRestart();
      return false;
    }
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.take(line));
    child.once('close', () => this.planRestart());
    return true;
  }

  private planRestart(): void {
    if (this.isClosed) return;
    this.cancelRestart = this.clock.after(RESTART_MS, () => void this.start());
  }
}
