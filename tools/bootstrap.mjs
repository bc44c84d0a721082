/**
 * The door to every command of this project: `npm start`, `npm test`, `npm run demo`, `npm run bench`, ….
 *
 * It runs with nothing installed and on any Node from 20.19 on: it installs what the lock file says when that changed,
 * and then runs the command with the Node that the project brings along (the npm package `node`).
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';

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
  campaign: { program: 'apps/system-tests/src/campaign/main.ts', needsBuild: true },
  simulate: { program: 'apps/gpu-scheduler/src/simulation/main.ts', needsBuild: false },
};

const HELP = `Baton: chat and images for people who share one GPU.

  npm start              installs, builds and starts everything; Ctrl-C stops it
  npm start -- --help    what can be set
  npm test               every check and every test
  npm run demo           a chat and an image on a running Baton, with the time of each step
  npm run bench          measures a Baton of its own
  npm run campaign       breaks a Baton of its own, again and again, and judges what comes of it
  npm run simulate       who would wait how long under which policy, without a GPU
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

/**
 * Runs to the end and resolves with the exit code; signals to this process reach the child. With `quiet` its output is
 * shown only when it fails.
 */
function run(command, args, { env = process.env, shell = false, quiet = false } = {}) {
  return new Promise((done, fail) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit';
    const child = spawn(command, args, { cwd: ROOT, env, shell, stdio });
    const output = [];
    child.stdout?.on('data', (piece) => output.push(piece));
    child.stderr?.on('data', (piece) => output.push(piece));
    const forward = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, forward);
    const settle = (act) => {
      for (const signal of SIGNALS) process.removeListener(signal, forward);
      act();
    };
    child.once('error', (error) => settle(() => fail(error)));
    child.once('close', (code, signal) =>
      settle(() => {
        if (code !== 0) process.stderr.write(Buffer.concat(output));
        done(signal === null ? code : 128 + (constants.signals[signal] ?? 0));
      }),
    );
  });
}

async function install() {
  if (isInstalled()) return 0;
  const startedAt = Date.now();
  say('Installing the packages named in package-lock.json (npm ci); the first time takes a minute or two.');
  const npm = npmCommand();
  // Older npms know no list of allowed scripts: there this keeps the CPU engine's own script from fetching or building.
  const env = { ...process.env, NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' };
  const code = await run(npm.command, [...npm.args, 'ci', '--loglevel=error'], { shell: npm.shell, env });
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

/** What a build is made from: everything in the projects but tests, and what sets them up. */
const BUILD_INPUTS = [
  'apps',
  'libs',
  'package-lock.json',
  'tsconfig.base.json',
  'nx.json',
  'tools/copy-assets.mjs',
];
const NO_BUILD_INPUT =
  /(^|[\\/])(dist|node_modules)([\\/]|$)|\.(spec|int-spec|system-spec|browser-spec)\.tsx?$/;
const BUILD_STAMP = join(ROOT, 'node_modules', '.cache', 'baton', 'built');

/** Changes when any file of the build is added, removed or written; takes a few dozen milliseconds, which Nx does not. */
function fingerprintOfSources() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { mtimeMs, size } = statSync(join(ROOT, path));
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  };
  for (const input of BUILD_INPUTS) {
    if (!statSync(join(ROOT, input)).isDirectory()) {
      add(input);
      continue;
    }
    const files = readdirSync(join(ROOT, input), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .filter((path) => !NO_BUILD_INPUT.test(path));
    for (const path of files.sort()) add(path);
  }
  return hash.digest('hex');
}

/** True when the last build succeeded, is still there, and was made from what is there now. */
function isBuilt() {
  const products = ['apps/gateway/dist/main.js', 'apps/web/dist/index.html', 'libs/platform/dist/index.js'];
  if (!existsSync(BUILD_STAMP) || !products.every((path) => existsSync(join(ROOT, path)))) return false;
  return readFileSync(BUILD_STAMP, 'utf8') === fingerprintOfSources();
}

async function build(env) {
  if (isBuilt()) return 0;
  const startedAt = Date.now();
  say('Building what changed; the first time takes a minute or two.');
  rmSync(BUILD_STAMP, { force: true });
  const fingerprint = fingerprintOfSources();
  const nx = join(ROOT, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  const code = await run(OWN_NODE, [nx, 'run-many', '-t', 'build', '--outputStyle=static'], {
    env,
    quiet: true,
  });
  if (code !== 0) {
    say('The build failed; see above.');
    return code;
  }
  mkdirSync(dirname(BUILD_STAMP), { recursive: true });
  writeFileSync(BUILD_STAMP, fingerprint);
  say(`Built in ${seconds(startedAt)} s.`);
  return 0;
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
  // A program that runs without a build reads the libraries' sources.
  const flags = needsBuild ? [] : ['--conditions=@baton/source'];
  return run(OWN_NODE, [...flags, '--disable-warning=ExperimentalWarning', join(ROOT, program), ...args], {
    env,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`[setup] ${error.message}\n`);
  process.exitCode = 1;
}
