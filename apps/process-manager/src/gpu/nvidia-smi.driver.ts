import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { AppError, type Clock } from '@baton/kernel';
import type { CardProbe, CardReading } from './card-probe.ts';
import { NVIDIA_SMI_FIELDS, parseNvidiaSmiLine } from './nvidia-smi-line.ts';

export interface NvidiaSmiSettings {
  readonly program: string;
  /** Which card, as `nvidia-smi -i` takes it. */
  readonly card: string;
  /** Pace of the readings. */
  readonly intervalMs: number;
}

const READ_TIMEOUT_MS = 5_000;
const RESTART_MS = 1_000;

/**
 * NVIDIA's driver through one long-lived `nvidia-smi` that prints a line at a steady pace: starting a process for each
 * question would cost more than the swap it is asked for. When it ends, it is started again.
 */
export class NvidiaSmiDriver implements CardProbe {
  readonly isSimulated = false;
  private readonly settings: NvidiaSmiSettings;
  private readonly clock: Clock;
  private readonly waiting = new Set<(reading: CardReading) => void>();
  private child: ChildProcess | null = null;
  private cancelRestart: () => void = () => undefined;
  private isClosed = false;

  private constructor(settings: NvidiaSmiSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** Null when there is no such program or it finds no card. */
  static async open(settings: NvidiaSmiSettings, clock: Clock): Promise<NvidiaSmiDriver | null> {
    const driver = new NvidiaSmiDriver(settings, clock);
    if (!(await driver.start())) return null;
    try {
      await driver.read();
      return driver;
    } catch {
      await driver.close();
      return null;
    }
  }

  read(): Promise<CardReading> {
    const { promise, resolve, reject } = Promise.withResolvers<CardReading>();
    const cancel = this.clock.after(READ_TIMEOUT_MS, () => {
      this.waiting.delete(take);
      reject(new AppError('engine.unavailable', { probe: 'nvidia-smi' }));
    });
    const take = (reading: CardReading): void => {
      cancel();
      resolve(reading);
    };
    this.waiting.add(take);
    return promise;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelRestart();
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  }

  /** False when the program cannot be started. */
  private async start(): Promise<boolean> {
    const { program, card, intervalMs } = this.settings;
    const query = `--query-gpu=${NVIDIA_SMI_FIELDS.join(',')}`;
    const args = ['-i', card, query, '--format=csv,noheader,nounits', '-lms', String(intervalMs)];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child, 'spawn');
    } catch {
      return false;
    }
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.take(line));
    child.once('close', () => {
      if (this.isClosed) return;
      this.cancelRestart = this.clock.after(RESTART_MS, () => void this.start());
    });
    return true;
  }

  private take(line: string): void {
    const reading = parseNvidiaSmiLine(line);
    if (reading === null) return;
    const takers = [...this.waiting];
    this.waiting.clear();
    for (const take of takers) take(reading);
  }
}
