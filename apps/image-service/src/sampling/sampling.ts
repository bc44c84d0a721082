import type { SamplerSettings, WantedSettings } from '@baton/contracts';
import { z } from 'zod';

/** Flux.1-dev is guidance-distilled: `guidance` does the work and cfg stays 1. */
const FLUX = { cfg: 1, guidance: 3.5, sampler: 'euler', scheduler: 'simple' } as const;

/** What a picture is made out of decides how much of it may be lost: 0.55 to 0.65 changes colours and keeps shapes. */
const OUT_OF_A_PICTURE = { denoise: 0.6, steps: 28 } as const;
const OF_A_MODEL = { denoise: { min: 0.3, max: 0.9 }, steps: { min: 25, max: 30 } } as const;

export type SettingsBy = 'model' | 'user' | 'default';

/** What a language model proposes for making a picture out of another one. */
export const proposedSettings = z.object({ denoise: z.number(), steps: z.number() });
export type ProposedSettings = z.infer<typeof proposedSettings>;

export interface SamplingQuestion {
  readonly kind: 'text' | 'image';
  readonly wanted: WantedSettings;
  /** Null when no model was asked, or it talked nonsense. */
  readonly proposed: ProposedSettings | null;
  /** Steps of a picture that nobody chose any for. */
  readonly usualSteps: number;
}

/**
 * The settings of a request, and who chose them. A user's words stand; a model's are brought into the range in which
 * Flux makes something of them; what nobody chose is the usual.
 */
export function settingsFor({ kind, wanted, proposed, usualSteps }: SamplingQuestion): {
  readonly settings: SamplerSettings;
  readonly by: SettingsBy;
} {
  const isFromWords = kind === 'text';
  const model = isFromWords || proposed === null ? null : inRange(proposed);
  const usual = isFromWords ? { denoise: 1, steps: usualSteps } : OUT_OF_A_PICTURE;
  const settings = {
    ...FLUX,
    ...usual,
    ...model,
    ...Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)),
  };
  return { settings, by: authorOf(wanted, model !== null) };
}

function authorOf(wanted: WantedSettings, hasModel: boolean): SettingsBy {
  if (Object.values(wanted).some((value) => value !== undefined)) return 'user';
  return hasModel ? 'model' : 'default';
}

/** Null for numbers that are none. */
function inRange({ denoise, steps }: ProposedSettings): ProposedSettings | null {
  if (!Number.isFinite(denoise) || !Number.isFinite(steps)) return null;
  return {
    denoise: Math.round(clamp(denoise, OF_A_MODEL.denoise) * 100) / 100,
    steps: Math.round(clamp(steps, OF_A_MODEL.steps)),
  };
}

function clamp(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value));
}
