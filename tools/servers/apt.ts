import { spawn } from 'node:child_process';
import { findProgram } from './find-program.ts';

/** True where a package can be installed without asking anybody: root on Debian, Ubuntu and the like. */
export function canInstall(): boolean {
  return process.getuid?.() === 0 && findProgram(['apt-get']) !== null;
}

/**
 * Installs Debian packages, saying so. The services in them are not started: Baton runs its own.
 * Resolves with false when apt failed; its own message has been printed then.
 */
export async function installPackages(
  packages: readonly string[],
  say: (text: string) => void,
): Promise<boolean> {
  say(`Installing ${packages.join(', ')} with apt-get (running as root on a Debian-like system).`);
  if (await apt(['update', '-qq']))
    return apt(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  return false;
}

function apt(args: readonly string[]): Promise<boolean> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return new Promise((resolve) => {
    const child = spawn('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
