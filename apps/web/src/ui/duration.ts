/** A length of time as people say it: `0.4s`, `12s`, `2m 5s`. It does not break over two lines. */
export function formatDuration(ms: number, language: string): string {
  return sayDuration(ms, language).replace(/\s/gu, '\u00a0');
}

function sayDuration(ms: number, language: string): string {
  const seconds = ms / 1_000;
  if (seconds < 9.95) return inUnit(language, 'second', 1).format(seconds);
  const whole = Math.round(seconds);
  if (whole < 60) return inUnit(language, 'second', 0).format(whole);
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  const said = inUnit(language, 'minute', 0).format(minutes);
  return rest === 0 || minutes >= 10 ? said : `${said} ${inUnit(language, 'second', 0).format(rest)}`;
}

/** A step of something short: milliseconds as long as there are fewer than a thousand. */
export function formatStep(ms: number, language: string): string {
  if (ms >= 1_000) return formatDuration(ms, language);
  return inUnit(language, 'millisecond', 0).format(ms).replace(/\s/gu, '\u00a0');
}

/** An estimate as people say it; `latest` null when it says no more than `likely`. */
export interface Band {
  readonly likely: string;
  readonly latest: string | null;
}

/**
 * An estimate as the band it is. Null when nothing is known; one bound alone stands for both. No more precise than the
 * estimate deserves: the longer, the rounder. The latest time is rounded up, since it is a promise of a kind.
 */
export function formatBand(p50Ms: number | null, p90Ms: number | null, language: string): Band | null {
  const low = p50Ms ?? p90Ms;
  const high = p90Ms ?? p50Ms;
  if (low === null || high === null) return null;
  const likelyMs = rounded(Math.min(low, high), Math.round);
  const latestMs = rounded(Math.max(low, high), Math.ceil);
  return {
    likely: formatDuration(likelyMs, language),
    latest: latestMs <= likelyMs ? null : formatDuration(latestMs, language),
  };
}

/** Up to twenty seconds each counts, up to three minutes five of them, then half a minute. Never nothing at all. */
function rounded(ms: number, round: (value: number) => number): number {
  const stepMs = ms <= 20_000 ? 1_000 : ms <= 180_000 ? 5_000 : 30_000;
  return Math.max(1_000, round(ms / stepMs) * stepMs);
}

function inUnit(
  language: string,
  unit: 'millisecond' | 'second' | 'minute',
  digits: number,
): Intl.NumberFormat {
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: 'narrow',
    minimumFractionDigits: 0,
    maximumFractionDigits: digits,
  });
}
