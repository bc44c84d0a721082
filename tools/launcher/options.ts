import { parseArgs } from 'node:util';

export const DEFAULT_GATEWAY_PORT = 5_000;

export const HELP = `npm start -- [options]      starts Baton and stays; Ctrl-C stops everything

  --port N        port of the web page and the API (default 5000, the next free one when that is taken)
  --host ADDRESS  address to listen on (default 127.0.0.1: this machine only; 0.0.0.0: the whole network)
  --data DIR      where databases, images, logs and secrets are kept (default .baton)
  --simulate      simulated engines, even when an Ollama or a ComfyUI answers
  --verbose       every log line, health checks and debug messages too
  --help          this text

Settings come from the environment or a file .env; .env.example lists them. The most used:

  OLLAMA_URL, COMFYUI_URL   engines of your own (found by themselves at ports 11434 and 8188)
  REDIS_URL                 a Redis of your own (otherwise a private one is started)
  DB_USE_MYSQL=true, DB_*   MySQL or MariaDB instead of SQLite files
`;

export interface LauncherOptions {
  /** Null: the default, or another one when that is taken. A given port is used or refused. */
  readonly port: number | null;
  /** The same for the process-manager, from the environment. */
  readonly managerPort: number | null;
  readonly host: string;
  readonly dataDir: string;
  readonly mode: 'auto' | 'simulate';
  readonly verbosity: 'normal' | 'verbose';
}

/** Wrong words on the command line; the message is for the person who typed them. */
export class UsageError extends Error {}

/** What was asked for, or 'help'. */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): LauncherOptions | 'help' {
  const { values } = parse(args);
  if (values.help === true) return 'help';
  const port = values.port ?? env['GATEWAY_PORT'];
  const managerPort = env['PROCESS_MANAGER_PORT'];
  return {
    port: port === undefined || port === '' ? null : readPort(port),
    managerPort: managerPort === undefined || managerPort === '' ? null : readPort(managerPort),
    host: values.host ?? '127.0.0.1',
    dataDir: values.data ?? (env['BATON_DATA_DIR'] || '.baton'),
    mode: values.simulate === true ? 'simulate' : 'auto',
    verbosity: values.verbose === true ? 'verbose' : 'normal',
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        simulate: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new UsageError(`"${text}" is no port; it must be a number from 1 to 65535.`);
}
