import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of small real programs that stand for an engine's process. */
export class Programs {
  readonly folder = mkdtempSync(join(tmpdir(), 'baton-programs-'));

  /** The command that runs this text as a program; it gets the port as its first argument. */
  command(name: string, text: string): string[] {
    const path = join(this.folder, `${name}.mjs`);
    writeFileSync(path, text);
    return [process.execPath, path, '{port}'];
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What ENGINE prints when it listens. */
export const SAYS = 'listening';

/** Answers every request with its pid. Ends at SIGTERM and SIGINT. */
export const ENGINE = `
  import { createServer } from 'node:http';
  const server = createServer((_, response) => response.end(String(process.pid)));
  server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('${SAYS}'));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
`;

/** As ENGINE, but ignores the gentle signal. */
export const STUBBORN = ENGINE.replace('() => process.exit(0)', '() => undefined');

/** As ENGINE, with a child of its own (in its group) and another in a session of its own; both outlive it. */
export const WITH_CHILDREN = `
  import { spawn } from 'node:child_process';
  const forever = ['-e', 'setInterval(() => undefined, 1000)'];
  const pids = [false, true].map((detached) => spawn(process.execPath, forever, { detached, stdio: 'ignore' }).pid);
  ${ENGINE.replace('String(process.pid)', 'JSON.stringify([process.pid, ...pids])')}
`;
