/** Two amounts of memory with one unit: `15.8 / 24 GiB`. */
export function formatMemory(usedMib: number, totalMib: number, language: string): string {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  return `${number.format(usedMib / 1_024)} / ${number.format(totalMib / 1_024)} GiB`;
}

/** An amount of memory: `15.8 GiB`. */
export function formatGib(mib: number, language: string): string {
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(mib / 1_024)} GiB`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size in the unit that fits it: `640 MiB`, `12.8 GiB`. */
export function formatBytes(bytes: number, language: string): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const digits = step < 3 ? 0 : 1;
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: digits });
  return `${number.format(bytes / 1_024 ** step)}\u00a0${UNITS[step] ?? 'B'}`;
}
