import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { eventually } from '@baton/testing';
import type { EngineExit } from '../core/engine-driver.ts';
import { engineDriverContract } from '../testing/engine-driver-contract.ts';
import { freePort, isAlive, pidAt } from '../testing/engine-process.ts';
import { FakeSystemctl } from '../testing/fake-systemctl.ts';
import { ENGINE, Programs, SAYS } from '../testing/programs.ts';
import { quickClock } from '../testing/quick-clock.ts';
import { runProgram } from './run-program.ts';
import { SystemdDriver } from './systemd.driver.ts';
import { readUnit } from './systemd-unit.ts';

const programs = new Programs();
const closers: (() => Promise<void>)[] = [];
/** The driver looks so much more often. */
const PACE = 5;
const FOR_EVER = new AbortController().signal;
let folders = 0;

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => programs.remove());

interface Options {
  readonly unit?: string;
  readonly program?: string;
  readonly gentleMs?: number;
  readonly systemctl?: string;
}

async function setUp(options: Options = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  folders += 1;
  const [program = '', script = ''] = programs.command('engine', ENGINE);
  const fake = new FakeSystemctl(join(programs.folder, `systemd-${folders}`), 'ollama.service', [
    options.program ?? program,
    script,
    String(port),
  ]);
  const driver = new SystemdDriver(
    {
      engine: 'ollama',
      url,
      unit: options.unit ?? 'ollama.service',
      scope: 'user',
      systemctl: options.systemctl ?? fake.systemctl,
      journalctl: fake.journalctl,
      environment: {},
      gentleMs: options.gentleMs ?? 5_000,
    },
    runProgram,
    quickClock(PACE),
  );
  closers.push(
    async () => {
      const pid = fake.mainPid;
      if (pid !== null && isAlive(pid)) process.kill(-pid, 'SIGKILL');
    },
    () => driver.close(),
  );
  const exits: EngineExit[] = [];
  driver.onExit((exit) => exits.push(exit));
  return { driver, fake, url, exits };
}

engineDriverContract('systemd', {
  make: async () => {
    const { driver, url } = await setUp();
    return { driver, pid: () => pidAt(url), isAlive, tellsExits: true, says: SAYS };
  },
  makeUnstartable: async () => (await setUp({ program: join(programs.folder, 'missing') })).driver,
});

describe('a unit', () => {
  test('that is not there cannot be started', async () => {
    const { driver, fake } = await setUp({ unit: 'nobody.service' });
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({
      code: 'engine.start_failed',
      cause: { details: { load: 'not-found' } },
    });
    expect(fake.calls.some((call) => call.includes('start'))).toBe(false);
  });

  test('is asked for at the manager that was named, and never for a password', async () => {
    const { driver, fake } = await setUp();
    await driver.start(FOR_EVER);
    expect(fake.calls.every((call) => call.startsWith('--user --no-ask-password '))).toBe(true);
  });

  test('that runs already is taken over, and its end is told with its signal', async () => {
    const { driver, fake, url, exits } = await setUp();
    await runProgram([fake.systemctl, '--user', 'start', 'ollama.service'], {
      environment: {},
      limitMs: 5_000,
    });
    const pid = await pidAt(url);
    expect(await driver.adopt()).toBe(true);
    process.kill(pid, 'SIGKILL');
    await eventually(() => exits.length > 0);
    expect(exits).toEqual([{ code: null, signal: 'SIGKILL', lastOutput: [] }]);
    await driver.start(FOR_EVER);
    expect(fake.calls).toContain('--user --no-ask-password reset-failed ollama.service');
    expect(await pidAt(url)).not.toBe(pid);
  });

  test('that systemd itself restarts at once has ended all the same', async () => {
    const { driver, fake, url, exits } = await setUp();
    fake.restartAlways();
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    process.kill(pid, 'SIGKILL');
    await eventually(() => exits.length > 0);
    expect(exits).toHaveLength(1);
    expect(await pidAt(url)).not.toBe(pid);
  });

  test('that would not stop in time is killed whole', async () => {
    const { driver, fake, url } = await setUp({ gentleMs: 300 });
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    fake.hangOnStop();
    await driver.stop();
    expect(isAlive(pid)).toBe(false);
    expect(fake.calls).toContain('--user --no-ask-password kill --signal=SIGKILL ollama.service');
  });

  test('without a systemd to ask can be neither started nor called stopped', async () => {
    const { driver } = await setUp({ systemctl: join(programs.folder, 'no-systemctl') });
    expect(await driver.adopt()).toBe(false);
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ code: 'engine.start_failed' });
    await expect(driver.stop()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that is between two runs of its own is not up', () => {
    const text =
      'ActiveState=activating\nSubState=auto-restart\nLoadState=loaded\nExecMainCode=1\nExecMainStatus=3\n';
    expect(readUnit(text)).toMatchObject({ isUp: false, isLoaded: true, end: { code: 3, signal: null } });
    expect(readUnit('ActiveState=activating\nSubState=start\nLoadState=loaded').isUp).toBe(true);
  });
});
