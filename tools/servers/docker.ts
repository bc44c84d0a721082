import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from './find-program.ts';

const ANSWER_TIMEOUT_MS = 5_000;

/** Path of a Docker client whose daemon answers, or null. */
export async function findDocker(): Promise<string | null> {
  const docker = findProgram(['docker']);
  if (docker === null) return null;
  try {
    await promisify(execFile)(docker, ['version', '--format', '{{.Server.Version}}'], {
      timeout: ANSWER_TIMEOUT_MS,
    });
    return docker;
  } catch {
    // No daemon, no permission, or no answer: all mean "not this way".
    return null;
  }
}

export interface ContainerOptions {
  readonly docker: string;
  readonly image: string;
  readonly name: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly mounts?: readonly { readonly from: string; readonly to: string }[];
  /** Runs as the user who starts it, so that files in the mounts belong to that user. */
  readonly runAsCaller?: true;
  readonly command?: readonly string[];
}

/** A foreground container: it ends with the client that runs this command and leaves nothing behind. */
export function containerCommand(options: ContainerOptions): string[] {
  const { docker, image, name, hostPort, containerPort, mounts = [], runAsCaller, command = [] } = options;
  const ids =
    runAsCaller === true && process.getuid && process.getgid ? [process.getuid(), process.getgid()] : null;
  return [
    docker,
    'run',
    '--rm',
    '--init',
    '--name',
    name,
    '--publish',
    `127.0.0.1:${hostPort}:${containerPort}`,
    ...(ids === null ? [] : ['--user', ids.join(':')]),
    ...mounts.flatMap(({ from, to }) => ['--volume', `${from}:${to}`]),
    image,
    ...command,
  ];
}
