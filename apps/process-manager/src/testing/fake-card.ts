import type { CardProbe, CardProcess, CardReading } from '../gpu/card-probe.ts';

/** A card whose memory is what its users say; the driver may be late to tell. */
export class FakeCard implements CardProbe {
  readonly isSimulated = true;
  readonly used = new Map<string, number>();

  async read(): Promise<CardReading> {
    return {
      name: 'fake',
      totalMib: 24_576,
      usedMib: [...this.used.values()].reduce((sum, mib) => sum + mib, 0),
    };
  }

  /** Programs that the driver lists; null: it does not tell. Their memory is an entry of `used` as well. */
  listed: readonly CardProcess[] | null = null;

  processes(): Promise<readonly CardProcess[] | null> {
    return Promise.resolve(this.listed);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
