import type { CardProbe, CardReading } from '../gpu/card-probe.ts';

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

  close(): Promise<void> {
    return Promise.resolve();
  }
}
