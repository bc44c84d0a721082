import { AppError, type Clock } from '@baton/kernel';
import type { CardProbe, CardProcess, CardReading } from './card-probe.ts';
import { LineProgram } from './line-program.ts';
import {
  NVIDIA_SMI_FIELDS,
  NVIDIA_SMI_PROCESS_FIELDS,
  parseNvidiaSmiLine,
  parseNvidiaSmiProcess,
} from './nvidia-smi-line.ts';

export interface NvidiaSmiSettings {
  readonly program: string;
  /** Which card, as `nvidia-smi -i` takes it. */
  readonly card: string;
  /** Pace of the readings. */
  readonly intervalMs: number;
  /** Pace of the list of processes. */
  readonly processIntervalMs: number;
}

const READ_TIMEOUT_MS = 5_000;
/** The lines of one list come together; a silence this long ends it. */
const LIST_GAP_MS = 150;
/** A list without entries prints nothing at all: silence for a round and this much more is an empty list. */
const EMPTY_LIST_MS = 600;

/**
 * NVIDIA's driver through a long-lived `nvidia-smi` that prints a line at a steady pace (and a second one that lists
 * processes, from the first time on that somebody asks): starting a process for each question would cost more than the
 * swap it is asked for.
 */
export class NvidiaSmiDriver implements CardProbe {
  readonly isSimulated = false;
  private readonly settings: NvidiaSmiSettings;
  private readonly clock: Clock;
  private readonly waiting = new Set<(reading: CardReading) => void>();
  private readonly memory: LineProgram;
  private readonly list: ProcessList;

  private constructor(settings: NvidiaSmiSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
    this.memory = new LineProgram(
      this.command(`--query-gpu=${NVIDIA_SMI_FIELDS.join(',')}`, settings.intervalMs),
      clock,
      (line) => this.take(line),
    );
    this.list = new ProcessList(
      this.command(`--query-compute-apps=${NVIDIA_SMI_PROCESS_FIELDS.join(',')}`, settings.processIntervalMs),
      settings.processIntervalMs,
      clock,
    );
  }

  /** Null when there is no such program or it finds no card. */
  static async open(settings: NvidiaSmiSettings, clock: Clock): Promise<NvidiaSmiDriver | null> {
    const driver = new NvidiaSmiDriver(settings, clock);
    if (!(await driver.memory.start())) return null;
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

  processes(): Promise<readonly CardProcess[] | null> {
    return this.list.next();
  }

  async close(): Promise<void> {
    await Promise.all([this.memory.close(), this.list.close()]);
  }

  private command(query: string, intervalMs: number): string[] {
    const { program, card } = this.settings;
    return [program, '-i', card, query, '--format=csv,noheader,nounits', '-lms', String(intervalMs)];
  }

  private take(line: string): void {
    const reading = parseNvidiaSmiLine(line);
    if (reading === null) return;
    const takers = [...this.waiting];
    this.waiting.clear();
    for (const take of takers) take(reading);
  }
}

type Taker = (list: readonly CardProcess[] | null) => void;

/** The second program: rounds of lines with nothing between them but time. */
class ProcessList {
  private readonly program: LineProgram;
  private readonly intervalMs: number;
  private readonly clock: Clock;
  /** Who waits for the round under way, and who came too late for it. */
  private thisRound = new Set<Taker>();
  private nextRound = new Set<Taker>();
  private lines: CardProcess[] = [];
  private cancelEnd: () => void = () => undefined;
  private cancelEmpty: () => void = () => undefined;
  private isInRound = false;
  private starting: Promise<boolean> | null = null;
  private isClosed = false;

  constructor(command: readonly string[], intervalMs: number, clock: Clock) {
    this.intervalMs = intervalMs;
    this.clock = clock;
    this.program = new LineProgram(command, clock, (line) => this.take(line));
  }

  /** The first list that is begun after this call. Null when the program does not run. */
  async next(): Promise<readonly CardProcess[] | null> {
    this.starting ??= this.program.start();
    if (!(await this.starting) || this.isClosed) return null;
    const { promise, resolve } = Promise.withResolvers<readonly CardProcess[] | null>();
    (this.isInRound ? this.nextRound : this.thisRound).add(resolve);
    if (!this.isInRound) this.awaitSilence();
    return promise;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelEnd();
    this.cancelEmpty();
    for (const taker of [...this.thisRound, ...this.nextRound]) taker(null);
    await this.program.close();
  }

  private take(line: string): void {
    const entry = parseNvidiaSmiProcess(line);
    // A message ("No running processes found", an error) begins no list.
    if (entry === null) return;
    this.isInRound = true;
    this.cancelEmpty();
    this.lines.push(entry);
    this.cancelEnd();
    this.cancelEnd = this.clock.after(LIST_GAP_MS, () => this.endRound(this.lines));
  }

  private awaitSilence(): void {
    this.cancelEmpty();
    this.cancelEmpty = this.clock.after(this.intervalMs + EMPTY_LIST_MS, () =>
      this.endRound(this.program.isRunning ? [] : null),
    );
  }

  private endRound(list: readonly CardProcess[] | null): void {
    const takers = this.thisRound;
    this.thisRound = this.nextRound;
    this.nextRound = new Set();
    this.lines = [];
    this.isInRound = false;
    this.cancelEmpty();
    if (this.thisRound.size > 0) this.awaitSilence();
    for (const taker of takers) taker(list);
  }
}
