import { AppError } from '@baton/kernel';
import { z } from 'zod';
import { EngineHttp } from '../engines/engine-http.ts';
import { programName, type CardProbe, type CardProcess, type CardReading } from './card-probe.ts';

const READ_TIMEOUT_MS = 2_000;

const cardReply = z.object({
  name: z.string(),
  totalMib: z.number().nonnegative(),
  usedMib: z.number().nonnegative(),
  processes: z
    .array(z.object({ pid: z.int().positive(), label: z.string(), usedMib: z.number().nonnegative() }))
    .default([]),
});

/** The card of the engine-simulator, in place of the driver. */
export class SimulatedCardClient implements CardProbe {
  readonly isSimulated = true;
  private readonly url: string;
  private readonly http = new EngineHttp();

  constructor(url: string) {
    this.url = url;
  }

  read(): Promise<CardReading> {
    return this.ask();
  }

  processes(): Promise<readonly CardProcess[] | null> {
    return this.ask().then(
      ({ processes }) =>
        processes.map(({ pid, label, usedMib }) => ({
          pid,
          name: programName(label),
          usedMib: Math.round(usedMib),
        })),
      () => null,
    );
  }

  private async ask(): Promise<z.output<typeof cardReply>> {
    try {
      return await this.http.getJson(`${this.url}/card`, cardReply, AbortSignal.timeout(READ_TIMEOUT_MS));
    } catch (cause) {
      throw new AppError('engine.unavailable', { probe: 'simulated card' }, { cause });
    }
  }

  close(): Promise<void> {
    return this.http.close();
  }
}
