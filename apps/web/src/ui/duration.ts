/** A length of time as people say it: `0.4s`, `12s`, `2m 5s`. */
export function formatDuration(ms: number, language: string): string {
  const seconds = ms / 1_000;
  if (seconds < 9.95) return inUnit(language, 'second', 1).format(seconds);
  const whole = Math.round(seconds);
  if (whole < 60) return inUnit(language, 'second', 0).format(whole);
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  const said = inUnit(language, 'minute', 0).format(minutes);
  return rest === 0 || minutes >= 10 ? said : `${said} ${inUnit(language, 'second', 0).format(rest)}`;
}

/**
 * An estimate as the band it is: `12–30s`. Null when nothing is known; one bound alone stands for both. No more
 * precise than the estimate deserves: whole seconds, and above a minute whole minutes.
 */
export function formatBand(p50Ms: number | null, p90Ms: number | null, language: string): string | null {
  const low = p50Ms ?? p90Ms;
  const high = p90Ms ?? p50Ms;
  if (low === null || high === null) return null;
  const unit = high >= 90_000 ? 'minute' : 'second';
  const unitMs = unit === 'minute' ? 60_000 : 1_000;
  const from = Math.max(1, Math.round(Math.min(low, high) / unitMs));
  const to = Math.max(1, Math.round(Math.max(low, high) / unitMs));
  const format = inUnit(language, unit, 0);
  return from === to ? format.format(from) : format.formatRange(from, to);
}

function inUnit(language: string, unit: 'second' | 'minute', digits: number): Intl.NumberFormat {
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: 'narrow',
    minimumFractionDigits: 0,
    maximumFractionDigits: digits,
  });
}
