import type { Clock } from '@baton/kernel';
import type { CardProbe } from './card-probe.ts';
import { NvidiaSmiDriver } from './nvidia-smi.driver.ts';
import { SimulatedCardClient } from './simulated-card.client.ts';

export interface CardSettings {
  readonly simulatedUrl: string | null;
  readonly nvidiaSmi: string;
  readonly index: string;
}

/** Often enough that a swap waits little for the next line, seldom enough to cost next to nothing. */
const INTERVAL_MS = 200;

/** The simulated card when one is named, else NVIDIA's driver, else null: a machine without a card. */
export async function openCardProbe(settings: CardSettings, clock: Clock): Promise<CardProbe | null> {
  if (settings.simulatedUrl !== null) return new SimulatedCardClient(settings.simulatedUrl);
  const { nvidiaSmi: program, index: card } = settings;
  return NvidiaSmiDriver.open({ program, card, intervalMs: INTERVAL_MS }, clock);
}
