import type { Clock } from '@baton/kernel';
import { AmdSysfsDriver } from './amd-sysfs.driver.ts';
import type { CardProbe } from './card-probe.ts';
import { NvidiaSmiDriver } from './nvidia-smi.driver.ts';
import { SimulatedCardClient } from './simulated-card.client.ts';

export interface CardSettings {
  /** False: the card is never looked at, as on a machine without one. */
  readonly isWatched: boolean;
  readonly simulatedUrl: string | null;
  readonly nvidiaSmi: string;
  readonly index: string;
  /** Between two looks at it while nothing happens. */
  readonly intervalMs: number;
}

/** Often enough that a swap waits little for the next line, seldom enough to cost next to nothing. */
const INTERVAL_MS = 200;

/** The simulated card when one is named, else NVIDIA's driver, else AMD's, else null: nothing to look at. */
export async function openCardProbe(settings: CardSettings, clock: Clock): Promise<CardProbe | null> {
  if (!settings.isWatched) return null;
  if (settings.simulatedUrl !== null) return new SimulatedCardClient(settings.simulatedUrl);
  const { nvidiaSmi: program, index: card, intervalMs: processIntervalMs } = settings;
  const nvidia = { program, card, intervalMs: INTERVAL_MS, processIntervalMs };
  return (
    (await NvidiaSmiDriver.open(nvidia, clock)) ??
    (await AmdSysfsDriver.open({ card, sysRoot: '/sys', procRoot: '/proc' }))
  );
}
