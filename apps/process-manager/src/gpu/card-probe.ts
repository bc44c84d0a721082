/** One look at the card, as its driver reports it: every process counts, ours or not. */
export interface CardReading {
  readonly name: string;
  readonly totalMib: number;
  readonly usedMib: number;
}

/** A program that uses the card, as the driver lists it. */
export interface CardProcess {
  readonly pid: number;
  /** Of the program alone, without path and arguments. */
  readonly name: string;
  /** Null where the driver does not tell. */
  readonly usedMib: number | null;
}

/** Where readings come from. Concurrent reads are allowed. */
export interface CardProbe {
  /** Shown wherever the card is shown: no reader of a status page shall take it for hardware. */
  readonly isSimulated: boolean;

  /**
   * A reading that was taken after the call began.
   *
   * @throws AppError `engine.unavailable` when the driver does not answer in time
   */
  read(): Promise<CardReading>;

  /**
   * Who uses the card, as of a moment after the call began; slower than `read`. Null where the driver does not tell, or
   * does not answer in time.
   */
  processes(): Promise<readonly CardProcess[] | null>;

  close(): Promise<void>;
}

/** A program's name fit for a status page: no folder and no argument of it. */
export function programName(command: string): string {
  const program = command.trim().split(/\s/)[0] ?? '';
  return program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1) || 'unknown';
}
