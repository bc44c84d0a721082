/** Two amounts of memory with one unit: `15.8 / 24 GiB`. */
export function formatMemory(usedMib: number, totalMib: number, language: string): string {
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  return `${number.format(usedMib / 1_024)} / ${number.format(totalMib / 1_024)} GiB`;
}

/** An amount of memory: `15.8 GiB`. */
export function formatGib(mib: number, language: string): string {
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(mib / 1_024)} GiB`;
}
