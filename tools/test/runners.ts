import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, generatedClient } from './generated-client.ts';
import { findUnnoticedViolations } from './planted-violation.ts';
import type { Listener, Runner, Stage } from './stages.ts';
import { readJestReport, tallyOf, withExitCode } from './tally.ts';
import type { Tally } from './tally.ts';

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Every runner of `npm test`. What only reads runs side by side, for a compiler and a linter use one core each; cheap ones that
 * fail most often come first, and the build comes before what runs it.
 */
export function allStages(root: string): Stage[] {
  const tool = (...path: string[]): string => join(root, 'node_modules', ...path);
  const check = (name: string, ...commands: string[][]): Runner => ({
    name,
    run: async (listener) => {
      for (const command of commands) {
        if ((await execute(root, command, { listener })) !== 0) return tallyOf(false);
      }
      return tallyOf(true);
    },
  });
  const nx = tool('nx', 'dist', 'bin', 'nx.js');
  const tsc = tool('typescript', 'bin', 'tsc');
  const ofJest = (name: string, kind: string): Runner => ({ name, run: () => jest(root, kind) });
  return [
    // Listing the projects makes the graph without which the import rule checks nothing.
    [[check('project graph', [nx, 'show', 'projects'])]],
    [
      [
        check('lint', [tool('eslint', 'bin', 'eslint.js'), '--max-warnings=0', '.']),
        { name: 'planted violations', run: (listener) => plantedViolations(root, listener) },
      ],
      [
        check('format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.']),
        check('import circles', [
          tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
          'apps',
          'libs',
          'tools',
        ]),
        check('types', [tsc, '-p', 'tsconfig.check.json'], [tsc, '-p', 'tools']),
        check('build', [nx, 'run-many', '-t', 'build', '--outputStyle=static']),
      ],
    ],
    [
      [
        { name: 'generated client', run: () => generatedAnew(root) },
        ofJest('unit tests', '--unit'),
        ofJest('integration tests', '--int'),
        ofJest('system tests', '--system'),
        ofJest('browser tests', '--browser'),
      ],
    ],
  ];
}

async function plantedViolations(root: string, listener: Listener = writeError): Promise<Tally> {
  const unnoticed = await findUnnoticedViolations(root);
  for (const line of unnoticed) listener(`The linter is blind: ${line}.\n`);
  return tallyOf(unnoticed.length === 0);
}

/** What the gateway's document gives must be what is committed; the document has a spec of its own. */
async function generatedAnew(root: string): Promise<Tally> {
  const before = generatedClient(root);
  const program = join(root, 'node_modules', '@hey-api', 'openapi-ts', 'bin', 'run.js');
  const code = await execute(join(root, 'libs', 'api-client'), [program, '--no-log-file']);
  const changed = differences(before, generatedClient(root));
  for (const path of changed)
    process.stderr.write(`Out of date, generated anew: libs/api-client/src/generated/${path}\n`);
  return tallyOf(code === 0 && changed.length === 0);
}

function writeError(text: string | Uint8Array): void {
  process.stderr.write(text);
}

async function jest(root: string, kind: string): Promise<Tally> {
  const dir = mkdtempSync(join(tmpdir(), 'baton-report-'));
  const file = join(dir, 'report.json');
  try {
    const exitCode = await execute(
      root,
      [join(root, 'tools', 'jest.mjs'), kind, '--json', `--outputFile=${file}`],
      { isSilent: true },
    );
    const report: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return withExitCode(readJestReport(report), exitCode);
  } catch (error) {
    process.stderr.write(`The report of ${kind} cannot be read: ${String(error)}\n`);
    return tallyOf(false);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Shown {
  /** With `--json` Jest repeats its whole report on standard output, which nobody wants to see. */
  readonly isSilent?: boolean;
  /** Hears what goes to the terminal otherwise. */
  readonly listener?: Listener | undefined;
}

/** Runs a program of Node's to its end, passing signals on; resolves with the exit code. */
function execute(
  root: string,
  args: readonly string[],
  { isSilent = false, listener }: Shown = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio:
        listener === undefined
          ? ['ignore', isSilent ? 'ignore' : 'inherit', 'inherit']
          : ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => listener?.(bytes));
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of STOP_SIGNALS) process.on(signal, forward);
    const done = (): void => {
      for (const signal of STOP_SIGNALS) process.removeListener(signal, forward);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    // Everything it said is there by then, which at its exit it need not be.
    child.once('close', (code) => {
      done();
      resolve(code ?? 1);
    });
  });
}
