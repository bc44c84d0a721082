import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differences, generatedClient } from './generated-client.ts';
import { findUnnoticedViolations } from './planted-violation.ts';
import { readJestReport, tallyOf, withExitCode } from './tally.ts';
import type { Tally } from './tally.ts';

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Runner {
  readonly name: string;
  readonly run: () => Promise<Tally>;
}

/** Every runner of `npm test`, in order. Cheap ones that fail most often come first; the build comes before what runs it. */
export function allRunners(root: string): Runner[] {
  const tool = (...path: string[]): string => join(root, 'node_modules', ...path);
  const check = (name: string, ...commands: string[][]): Runner => ({
    name,
    run: async () => {
      for (const command of commands) {
        if ((await execute(root, command)) !== 0) return tallyOf(false);
      }
      return tallyOf(true);
    },
  });
  const nx = tool('nx', 'dist', 'bin', 'nx.js');
  const tsc = tool('typescript', 'bin', 'tsc');
  return [
    check('format', [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.']),
    check('types', [tsc, '-p', 'tsconfig.check.json'], [tsc, '-p', 'tools']),
    // Listing the projects makes the graph without which the import rule checks nothing.
    check('lint', [nx, 'show', 'projects'], [tool('eslint', 'bin', 'eslint.js'), '--max-warnings=0', '.']),
    { name: 'planted violations', run: () => plantedViolations(root) },
    check('import circles', [
      tool('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
      'apps',
      'libs',
      'tools',
    ]),
    check('build', [nx, 'run-many', '-t', 'build', '--outputStyle=static']),
    { name: 'generated client', run: () => generatedAnew(root) },
    { name: 'unit tests', run: () => jest(root, '--unit') },
    { name: 'integration tests', run: () => jest(root, '--int') },
    { name: 'system tests', run: () => jest(root, '--system') },
    { name: 'browser tests', run: () => jest(root, '--browser') },
  ];
}

async function plantedViolations(root: string): Promise<Tally> {
  const unnoticed = await findUnnoticedViolations(root);
  for (const line of unnoticed) process.stderr.write(`The linter is blind: ${line}.\n`);
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

async function jest(root: string, kind: string): Promise<Tally> {
  const dir = mkdtempSync(join(tmpdir(), 'baton-report-'));
  const file = join(dir, 'report.json');
  try {
    const exitCode = await execute(
      root,
      [join(root, 'tools', 'jest.mjs'), kind, '--json', `--outputFile=${file}`],
      'stderr',
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

/**
 * Runs a program of Node's to its end, passing signals on; resolves with the exit code. With `--json` Jest repeats its
 * whole report on standard output, which nobody wants to see.
 */
function execute(
  root: string,
  args: readonly string[],
  shown: 'everything' | 'stderr' = 'everything',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', shown === 'everything' ? 'inherit' : 'ignore', 'inherit'],
    });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of STOP_SIGNALS) process.on(signal, forward);
    const done = (): void => {
      for (const signal of STOP_SIGNALS) process.removeListener(signal, forward);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('exit', (code) => {
      done();
      resolve(code ?? 1);
    });
  });
}
