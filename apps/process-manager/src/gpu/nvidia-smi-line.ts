import type { CardReading } from './card-probe.ts';

/** What `nvidia-smi` is asked for, and the order in which its lines answer. */
export const NVIDIA_SMI_FIELDS = ['name', 'memory.total', 'memory.used'] as const;

/**
 * One line of `--format=csv,noheader,nounits`. A name may hold commas, so the figures count from the end. Null for a line
 * that is no reading: a message, or `[N/A]` for a figure this card does not have.
 */
export function parseNvidiaSmiLine(line: string): CardReading | null {
  const fields = line.split(',').map((field) => field.trim());
  const used = toMib(fields.at(-1));
  const total = toMib(fields.at(-2));
  const name = fields.slice(0, -2).join(', ');
  return used === null || total === null || name === '' ? null : { name, totalMib: total, usedMib: used };
}

function toMib(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
