/** One look at the card, as its driver reports it: every process counts, ours or not. */
export interface CardReading {
  readonly name: string;
  readonly totalMib: number;
  readonly usedMib: number;
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

  close(): Promise<void>;
}
