/** The time of day with seconds. */
export function formatClock(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' }).format(ms);
}

/** The time of day without seconds. */
export function formatHour(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'short', hourCycle: 'h23' }).format(ms);
}

/** The time of day, with the date before it when that is another day than `nowMs`. */
export function formatMoment(ms: number, nowMs: number, language: string): string {
  const clock = formatClock(ms, language);
  if (new Date(ms).toDateString() === new Date(nowMs).toDateString()) return clock;
  return `${new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(ms)}, ${clock}`;
}
