/**
 * The door to every command of this project: `npm start`, `npm test`, `npm run demo`, `npm run bench`.
 *
 * It runs with nothing installed and on any Node from 20.19 on: it installs what the lock file says when that changed,
 * and then runs the command with the Node that the project brings along (the npm package `node`).
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const OLDEST_NODE = [20, 19];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const IS_WINDOWS = process.platform === 'win32';
const OWN_NODE = IS_WINDOWS
  ? join(ROOT, 'node_modules', 'node', 'bin', 'node.exe')
  : join(ROOT, 'node_modules', 'node', 'bin', 'node');

const COMMANDS = {
  start: { program: 'tools/launcher/main.ts', needsBuild: true },
  test: { program: 'tools/test/main.ts', needsBuild: false },
  demo: { program: 'tools/demo/main.ts', needsBuild: false },
  bench: { program: 'tools/bench/main.ts', needsBuild: true },
};

const HELP = `Baton: chat and images for people who share one GPU.

  npm start              installs, builds and starts everything; Ctrl-C stops it
  npm start -- --help    what can be set
  npm test               every check and every test
  npm run demo           a chat and an image on a running Baton, with the time of each step
  npm run bench          measures a Baton of its own
`;

class SetupError extends Error {}

/** What sets this program's output apart from what it runs. */
function say(text) {
  process.stdout.write(`[setup] ${text}\n`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(
    `This is Node ${process.versions.node}; Baton needs ${OLDEST_NODE.join('.')} or newer to set itself up ` +
      '(it brings the version that it runs on). Get one at https://nodejs.org',
  );
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw new SetupError(`${file} cannot be read: ${error.message}`);
  }
}

/**
 * True when node_modules holds what the lock file asks for. npm leaves a list of what it installed, written last, so
 * an interrupted installation does not count. Optional packages are those of other platforms, mostly.
 */
function isInstalled() {
  const wanted = readJson(join(ROOT, 'package-lock.json'));
  const present = readJson(join(ROOT, 'node_modules', '.package-lock.json'));
  if (wanted === null) throw new SetupError('package-lock.json is missing: this is not a complete checkout.');
  if (present === null || !existsSync(OWN_NODE)) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.optional || entry.devOptional || entry.peer) return true;
    const installed = present.packages[path];
    return entry.link ? installed?.resolved === entry.resolved : installed?.version === entry.version;
  });
}

/** The npm that called this program, or the one on the PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && existsSync(cli)) return { command: outerNode(), args: [cli], shell: false };
  return { command: 'npm', args: [], shell: IS_WINDOWS };
}

/** A Node outside node_modules: the one inside is replaced while npm runs. */
function outerNode() {
  if (!resolve(process.execPath).startsWith(join(ROOT, 'node_modules'))) return process.execPath;
  const name = IS_WINDOWS ? 'node.exe' : 'node';
  const outside = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !resolve(folder).includes('node_modules'))
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
  return outside ?? process.execPath;
}

/** Runs to the end and resolves with the exit code; signals to this process reach the child. */
function run(command, args, { env = process.env, shell = false } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: ROOT, env, shell, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, forward);
    const settle = (act) => {
      for (const signal of SIGNALS) process.removeListener(signal, forward);
      act();
    };
    child.once('error', (error) => settle(() => fail(error)));
    child.once('exit', (code, signal) =>
      settle(() => done(signal === null ? code : 128 + (constants.signals[signal] ?? 0))),
    );
  });
}

async function install() {
  if (isInstalled()) return 0;
  const startedAt = Date.now();
  say('Installing the packages named in package-lock.json (npm ci); the first time takes a minute or two.');
  const npm = npmCommand();
  const code = await run(npm.command, [...npm.args, 'ci', '--loglevel=error'], { shell: npm.shell });
  if (code !== 0) {
    say(`npm ci failed (exit code ${code}); its own message is above.`);
    return code;
  }
  if (!existsSync(OWN_NODE)) {
    throw new SetupError(
      'npm did not run the install script of the package "node", which fetches the Node that Baton runs on.\n' +
        'Scripts seem to be switched off (ignore-scripts); run:   npm ci --ignore-scripts=false',
    );
  }
  say(`Installed in ${seconds(startedAt)} s.`);
  return 0;
}

async function build(env) {
  const startedAt = Date.now();
  say('Building what changed.');
  const code = await run(
    OWN_NODE,
    [
      join(ROOT, 'node_modules', 'nx', 'dist', 'bin', 'nx.js'),
      'run-many',
      '-t',
      'build',
      '--outputStyle=static',
    ],
    { env },
  );
  if (code === 0) say(`Built in ${seconds(startedAt)} s.`);
  else say('The build failed; see above.');
  return code;
}

function seconds(since) {
  return ((Date.now() - since) / 1_000).toFixed(1);
}

/** Everything below runs the project's Node, also where a script says just `node`. */
function ownEnvironment() {
  const bin = join(ROOT, 'node_modules', '.bin');
  return {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    NX_DAEMON: 'false',
    NX_TUI: 'false',
  };
}

async function main([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h' || !(name in COMMANDS)) {
    process.stdout.write(HELP);
    return name === '--help' || name === '-h' ? 0 : 2;
  }
  checkNode();
  const installed = await install();
  if (installed !== 0) return installed;
  const env = ownEnvironment();
  const { program, needsBuild } = COMMANDS[name];
  const wantsHelp = args.includes('--help') || args.includes('-h');
  if (needsBuild && !wantsHelp) {
    const built = await build(env);
    if (built !== 0) return built;
  }
  return run(OWN_NODE, ['--disable-warning=ExperimentalWarning', join(ROOT, program), ...args], { env });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`[setup] ${error.message}\n`);
  process.exitCode = 1;
}
