import { programName, type CardProcess, type CardReading } from './card-probe.ts';

/** What `nvidia-smi` is asked for, and the order in which its lines answer. */
export const NVIDIA_SMI_FIELDS = ['name', 'memory.total', 'memory.used'] as const;
export const NVIDIA_SMI_PROCESS_FIELDS = ['pid', 'process_name', 'used_memory'] as const;

/**
 * One line of `--format=csv,noheader,nounits`. A name may hold commas, so the figures count from the end. Null for a line
 * that is no reading: a message, or `[N/A]` for a figure this card does not have.
 */
export function parseNvidiaSmiLine(line: string): CardReading | null {
  const fields = line.split(',').map((field) => field.trim());
  const used = toWholeNumber(fields.at(-1));
  const total = toWholeNumber(fields.at(-2));
  const name = fields.slice(0, -2).join(', ');
  return used === null || total === null || name === '' ? null : { name, totalMib: total, usedMib: used };
}

/** One line of the list of processes. Null for a line that names none; a driver may keep the memory of one to itself. */
export function parseNvidiaSmiProcess(line: string): CardProcess | null {
  const fields = line.split(',').map((field) => field.trim());
  const pid = toWholeNumber(fields[0]);
  if (pid === null || pid === 0 || fields.length < 3) return null;
  return { pid, name: programName(fields.slice(1, -1).join(',')), usedMib: toWholeNumber(fields.at(-1)) };
}

function toWholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
