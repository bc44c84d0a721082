import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Programs that stand for `systemctl` and `journalctl` of one unit, in a folder of their own. Its state is in files, as
 * the manager's would outlive each call: a real process is the unit's main process, in a session of its own. Output and
 * exit statuses are those of systemd 252: 0, 1 for a job that failed, 5 for a unit that is not there.
 */
export class FakeSystemctl {
  readonly systemctl: string;
  readonly journalctl: string;
  private readonly folder: string;

  constructor(folder: string, unit: string, command: readonly string[]) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.systemctl = this.program('systemctl', SYSTEMCTL);
    this.journalctl = this.program('journalctl', JOURNALCTL);
    writeFileSync(join(folder, 'unit.json'), JSON.stringify({ unit, command }));
  }

  /** How the manager was asked, oldest first: arguments joined by blanks. */
  get calls(): string[] {
    return read(join(this.folder, 'calls'))
      .split('\n')
      .filter((line) => line !== '');
  }

  /** The main process of the unit; null when there is none. */
  get mainPid(): number | null {
    const pid = Number(read(join(this.folder, 'pid')));
    return pid > 0 ? pid : null;
  }

  /** As the unit's file has it: `Restart=always`. */
  restartAlways(): void {
    writeFileSync(join(this.folder, 'restart'), 'always');
  }

  /** `stop` runs into its time limit, as for a process that ignores SIGTERM with a long TimeoutStopSec. */
  hangOnStop(): void {
    writeFileSync(join(this.folder, 'hang'), '');
  }

  private program(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, `#!${process.execPath}\nconst folder = ${JSON.stringify(this.folder)};\n${text}`);
    chmodSync(path, 0o755);
    return path;
  }
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const SHARED = `
const { appendFileSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { join } = require('node:path');
const at = (name) => join(folder, name);
const read = (name) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
const { unit, command } = JSON.parse(read('unit.json'));
const words = process.argv.slice(2);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
function isAlive(pid) {
  try {
    return !/^State:\\s+Z/m.test(readFileSync('/proc/' + pid + '/status', 'utf8'));
  } catch {
    return false;
  }
}
`;

const SYSTEMCTL = `${SHARED}
appendFileSync(at('calls'), words.join(' ') + '\\n');
const [verb, name] = words.filter((word) => !word.startsWith('--'));
const option = (key) => words.find((word) => word.startsWith(key + '='))?.slice(key.length + 1);

function begin() {
  const out = openSync(at('journal'), 'a');
  const child = spawn(command[0], command.slice(1), { detached: true, stdio: ['ignore', out, out] });
  if (child.pid === undefined) return false;
  writeFileSync(at('pid'), String(child.pid));
  writeFileSync(at('invocation'), randomUUID().replaceAll('-', ''));
  writeFileSync(at('wanted'), 'yes');
  rmSync(at('end'), { force: true });
  child.unref();
  return true;
}

/** What the manager would have noticed by itself since the last call. */
function notice() {
  const pid = Number(read('pid'));
  if (pid === 0 || isAlive(pid)) return;
  writeFileSync(at('pid'), '0');
  if (read('wanted') !== 'yes') return;
  writeFileSync(at('end'), 'killed');
  if (read('restart') === 'always') begin();
}

async function end(signal) {
  const pid = Number(read('pid'));
  if (pid === 0) return;
  writeFileSync(at('wanted'), '');
  try { process.kill(-pid, signal); } catch {}
  while (isAlive(pid)) await pause(10);
  writeFileSync(at('pid'), '0');
  writeFileSync(at('end'), 'asked');
}

(async () => {
  notice();
  const isKnown = name === unit;
  const isUp = Number(read('pid')) > 0;
  const failed = !isUp && read('end') === 'killed';
  switch (verb) {
    case 'show': {
      const properties = {
        Result: failed ? 'signal' : 'success',
        ExecMainCode: read('end') === '' ? '0' : '2',
        ExecMainStatus: failed ? '9' : read('end') === '' ? '0' : '15',
        MainPID: read('pid') || '0',
        LoadState: isKnown ? 'loaded' : 'not-found',
        ActiveState: isKnown && isUp ? 'active' : failed ? 'failed' : 'inactive',
        SubState: isKnown && isUp ? 'running' : failed ? 'failed' : 'dead',
        InvocationID: read('invocation'),
      };
      const asked = (option('--property') ?? '').split(',');
      for (const [key, value] of Object.entries(properties)) if (asked.includes(key)) console.log(key + '=' + value);
      return;
    }
    case 'start':
      if (!isKnown) {
        console.error('Failed to start ' + name + ': Unit ' + name + ' not found.');
        process.exitCode = 5;
      } else if (!isUp && !existsSync(command[0])) {
        console.error('Job for ' + name + ' failed because the control process exited with error code.');
        process.exitCode = 1;
      } else if (!isUp) begin();
      return;
    case 'stop':
      if (!isKnown) {
        console.error('Failed to stop ' + name + ': Unit ' + name + ' not loaded.');
        process.exitCode = 5;
      } else if (existsSync(at('hang')) && isUp) await pause(60_000);
      else await end('SIGTERM');
      return;
    case 'kill':
      rmSync(at('hang'), { force: true });
      await end(option('--signal') ?? 'SIGTERM');
      return;
    case 'reset-failed':
      rmSync(at('end'), { force: true });
      return;
    default:
      console.error('Unknown command verb ' + verb + '.');
      process.exitCode = 1;
  }
})();
`;

const JOURNALCTL = `${SHARED}
const option = (key) => words.find((word) => word.startsWith(key + '='))?.slice(key.length + 1);
const entry = (text) => JSON.stringify({
  __CURSOR: 's=0', __REALTIME_TIMESTAMP: String(Date.now() * 1_000), PRIORITY: '6', _SYSTEMD_UNIT: unit, MESSAGE: text,
});
const all = () => read('journal').split('\\n').filter((line) => line !== '');
(async () => {
  let lines = all();
  for (const line of lines.slice(-Number(option('--lines')))) console.log(entry(line));
  let seen = lines.length;
  while (words.includes('--follow')) {
    await pause(10);
    lines = all();
    for (const line of lines.slice(seen)) console.log(entry(line));
    seen = lines.length;
  }
})();
`;
