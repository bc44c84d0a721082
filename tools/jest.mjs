/**
 * Runs Jest in ESM mode with the project's own Node.
 *
 *   node tools/jest.mjs [--unit | --int | --system | --browser] [jest options] [path patterns]
 *
 * `--nightly` runs the properties of the scheduler's core on a hundred thousand random traces, and cuts streams of replies at
 * more than ten thousand places; that takes about a quarter of an hour.
 *
 * Without a kind it runs unit and integration tests. Integration tests ask this process for the servers they
 * need (see tools/servers/broker.ts): they start at the first request and end with the run.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const ownNode = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const NIGHTLY = {
  traces: '100000',
  timeoutMs: 14_400_000,
  args: [
    '--unit',
    '--int',
    'gpu-scheduler/src/core/invariants',
    'gpu-scheduler/src/core/bounds',
    'gateway/src/replies/resume',
  ],
};
const KINDS = { '--unit': 'unit', '--int': 'integration', '--system': 'system', '--browser': 'browser' };

/**
 * How many files run at a time. Unit tests compute, so each has a core; the others wait for servers, engines and browsers
 * more than half of their time. More than eight would only share out memory: a worker takes up to a gigabyte.
 */
function workersFor(projects) {
  const cores = availableParallelism();
  const isWaiting = projects.some((project) => project !== 'unit');
  return Math.min(8, isWaiting ? Math.ceil(cores * 1.5) : cores);
}

/** Resolves with the exit code; signals sent to this process reach the child. */
function run(command, args, env) {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit', shell: command.endsWith('.cmd') });
  const forward = (signal) => child.kill(signal);
  // Jest ends by itself then, and the servers with it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 130 : (code ?? 1)));
  });
}

/** The browser that the tests drive; one that the person names goes first. */
async function browserEnvironment() {
  const { CHROMIUM_NAMES } = await import('./test/needed-programs.ts');
  const { findProgram } = await import('./servers/find-program.ts');
  const path = process.env.CHROMIUM_PATH || findProgram(CHROMIUM_NAMES);
  if (!path) throw new Error('No Chromium found: install one, or name yours in CHROMIUM_PATH.');
  return { CHROMIUM_PATH: path };
}

async function main() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 24) {
    if (!existsSync(ownNode)) throw new Error('Node 24 is missing: run `npm ci` first.');
    return run(ownNode, [import.meta.filename, ...process.argv.slice(2)], process.env);
  }
  const isNightly = process.argv.includes('--nightly');
  const args = [
    ...process.argv.slice(2).filter((arg) => arg !== '--nightly'),
    ...(isNightly ? NIGHTLY.args : []),
  ];
  const kinds = Object.keys(KINDS).filter((flag) => args.includes(flag));
  const projects = kinds.length > 0 ? kinds.map((flag) => KINDS[flag]) : ['unit', 'integration'];
  const rest = args.filter((arg) => !(arg in KINDS));

  const browser = projects.includes('browser') ? await browserEnvironment() : {};
  const { openBroker } = await import('./servers/broker.ts');
  const broker = await openBroker();
  try {
    return await run(
      process.execPath,
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
        '--passWithNoTests',
        // A ceiling for what hangs, far above what anything takes; waits inside tests have deadlines of their own.
        `--testTimeout=${isNightly ? NIGHTLY.timeoutMs : 60_000}`,
        // A leak fails its test file (tools/testing/leak-checking-environment.mjs); it must not hang the run as well.
        '--forceExit',
        ...rest,
        // Last: it takes every word that follows it.
        '--selectProjects',
        ...projects,
      ],
      {
        ...process.env,
        ...browser,
        ...(isNightly ? { BATON_TRACES: NIGHTLY.traces } : {}),
        BATON_TEST_SERVERS: broker.address,
        BATON_TEST_WORKERS: String(workersFor(projects)),
      },
    );
  } finally {
    await broker.close();
  }
}

process.exitCode = await main();
