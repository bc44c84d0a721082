import { join } from 'node:path';
import { OwnedProcess } from '../servers/owned-process.ts';

const READY_TIMEOUT_MS = 20_000;
const GRACE_MS = 2_000;

export interface PacedRole {
  readonly process: OwnedProcess;
  readonly started: Promise<{ readonly url: string; readonly pid: number }>;
}

/** Starts one of the programs of `paced.ts` as a process of its own. */
export function startPacedRole(
  role: 'engine' | 'proxy' | 'writer',
  env: Readonly<Record<string, string>>,
): PacedRole {
  const program = join(import.meta.dirname, 'paced.ts');
  const started = new OwnedProcess({
    name: `paced ${role}`,
    command: [process.execPath, '--disable-warning=ExperimentalWarning', program, role],
    env: { ...process.env, ...env },
    graceMs: GRACE_MS,
  });
  const address = started.waitForLine(/^listening \d+ as \d+$/, READY_TIMEOUT_MS).then((line) => {
    const [, port = '', , pid = ''] = line.split(' ');
    return { url: `http://127.0.0.1:${port}`, pid: Number(pid) };
  });
  return { process: started, started: address };
}
