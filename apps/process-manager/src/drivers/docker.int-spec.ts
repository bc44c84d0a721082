import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import Docker from 'dockerode';
import { join } from 'node:path';
import { eventually } from '@baton/testing';
import type { EngineExit } from '../core/engine-driver.ts';
import { engineDriverContract } from '../testing/engine-driver-contract.ts';
import { collect } from '../testing/collect.ts';
import { freePort, isAlive, pidAt } from '../testing/engine-process.ts';
import { FakeDocker } from '../testing/fake-docker.ts';
import { ENGINE, Programs, SAYS, STUBBORN } from '../testing/programs.ts';
import { quickClock } from '../testing/quick-clock.ts';
import { DockerDriver } from './docker.driver.ts';

const programs = new Programs();
const closers: (() => Promise<void>)[] = [];
/** Looks and pauses of the driver come so much sooner. */
const PACE = 10;
const FOR_EVER = new AbortController().signal;
let sockets = 0;

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => programs.remove());

interface Options {
  readonly text?: string;
  readonly command?: string[];
  readonly container?: string;
  readonly gentleMs?: number;
  readonly more?: { hasTerminal?: true; restarts?: 'always' };
}

async function setUp(options: Options = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const fake = new FakeDocker();
  const [program = '', script = ''] = programs.command('engine', options.text ?? ENGINE);
  fake.create('ollama', options.command ?? [program, script, String(port)], options.more);
  sockets += 1;
  const socketPath = join(programs.folder, `docker-${sockets}.sock`);
  await fake.listen(socketPath);
  const settings = {
    engine: 'ollama',
    url,
    container: options.container ?? 'ollama',
    gentleMs: options.gentleMs ?? 2_000,
  };
  const driver = new DockerDriver(settings, new Docker({ socketPath }), quickClock(PACE));
  closers.push(
    () => fake.close(),
    () => driver.close(),
  );
  const exits: EngineExit[] = [];
  driver.onExit((exit) => exits.push(exit));
  return { driver, fake, url, socketPath, exits };
}

engineDriverContract('Docker', {
  make: async () => {
    const { driver, url } = await setUp();
    return { driver, pid: () => pidAt(url), isAlive, tellsExits: true, says: SAYS };
  },
  makeUnstartable: async () => (await setUp({ command: [join(programs.folder, 'missing')] })).driver,
});

describe('a container', () => {
  test('that does not exist cannot be started, and needs no stop', async () => {
    const { driver } = await setUp({ container: 'nobody' });
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({
      code: 'engine.start_failed',
      cause: { statusCode: 404 },
    });
    await driver.stop();
  });

  test('is the same with the oldest and with the newest Docker: no version is insisted on', async () => {
    for (const versions of [
      { newest: '1.24', oldest: '1.12' },
      { newest: '1.52', oldest: '1.44' },
    ]) {
      const { driver, fake } = await setUp();
      fake.versions = versions;
      await driver.start(FOR_EVER);
      await driver.stop();
      expect(fake.requests).toContain('POST /containers/ollama/start');
    }
  });

  test('that runs already is taken over, and its end is told with its code', async () => {
    const { driver, fake, url, exits } = await setUp();
    await fake.startByHand('ollama');
    const pid = await pidAt(url);
    expect(await driver.adopt()).toBe(true);
    await driver.start(FOR_EVER);
    expect(fake.pidOf('ollama')).toBe(pid);
    process.kill(pid, 'SIGKILL');
    await eventually(() => exits.length > 0);
    expect(exits).toEqual([{ code: 137, signal: null, lastOutput: [] }]);
  });

  test('that Docker itself restarts at once has ended all the same', async () => {
    const { driver, url, exits } = await setUp({ more: { restarts: 'always' } });
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    process.kill(pid, 'SIGKILL');
    await eventually(() => exits.length > 0);
    await eventually(async () => (await pidAt(url)) !== pid);
    await driver.start(FOR_EVER);
    await driver.stop();
    expect(exits).toHaveLength(1);
  });

  test('that is removed at its end, as with `--rm`, has ended', async () => {
    const { driver, fake, url, exits } = await setUp();
    await driver.start(FOR_EVER);
    await pidAt(url);
    await fake.remove('ollama');
    await eventually(() => exits.length > 0);
    expect(exits).toEqual([{ code: null, signal: null, lastOutput: [] }]);
  });

  test('that cannot be looked at for a while leaves no streams of events behind', async () => {
    const { driver, fake, url, exits } = await setUp();
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    const asked = () => fake.requests.filter((request) => request === 'GET /events').length;
    await eventually(() => asked() === 1);
    fake.hidesState = true;
    fake.breakEvents();
    await eventually(() => asked() >= 4);
    await eventually(() => fake.eventStreams <= 1);
    fake.hidesState = false;
    process.kill(pid, 'SIGKILL');
    await eventually(() => exits.length === 1);
  });

  test('that ended while Docker could not be asked is told of when it can', async () => {
    const { driver, fake, url, socketPath, exits } = await setUp();
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    await fake.closeServer();
    process.kill(pid, 'SIGKILL');
    await eventually(() => fake.pidOf('ollama') === undefined);
    await fake.listen(socketPath);
    await eventually(() => exits.length === 1);
  });

  test('that ignores the gentle signal is killed', async () => {
    const { driver, url } = await setUp({ text: STUBBORN, gentleMs: 200 });
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    await driver.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('whose Docker is away fails its stop: nobody knows then whether it is gone', async () => {
    const { driver, fake, socketPath } = await setUp();
    await driver.start(FOR_EVER);
    await fake.closeServer();
    await expect(driver.stop()).rejects.toMatchObject({ code: 'engine.failed' });
    await fake.listen(socketPath);
    await driver.stop();
    expect(fake.pidOf('ollama')).toBeUndefined();
  });

  test('with a terminal has its log without frames, and one without in any cut', async () => {
    const { driver, url } = await setUp({ more: { hasTerminal: true } });
    await driver.start(FOR_EVER);
    await pidAt(url);
    const query = { lines: 5, follows: false, signal: FOR_EVER };
    await eventually(async () => {
      const lines = await collect(driver.logs.read(query));
      expect(lines.map(({ text }) => text)).toEqual([SAYS]);
      return true;
    });
  });
});
