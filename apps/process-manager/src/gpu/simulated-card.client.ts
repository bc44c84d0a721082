import { AppError } from '@baton/kernel';
import { z } from 'zod';
import { EngineHttp } from '../engines/engine-http.ts';
import type { CardProbe, CardReading } from './card-probe.ts';

const READ_TIMEOUT_MS = 2_000;

const cardReply = z.object({
  name: z.string(),
  totalMib: z.number().nonnegative(),
  usedMib: z.number().nonnegative(),
});

/** The card of the engine-simulator, in place of the driver. */
export class SimulatedCardClient implements CardProbe {
  readonly isSimulated = true;
  private readonly url: string;
  private readonly http = new EngineHttp();

  constructor(url: string) {
    this.url = url;
  }

  async read(): Promise<CardReading> {
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
