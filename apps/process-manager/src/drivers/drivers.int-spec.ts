import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import { eventually } from '@baton/testing';
import type { EngineDriver, EngineExit } from '../core/engine-driver.ts';
import { ENGINE, Programs, STUBBORN, WITH_CHILDREN } from '../testing/programs.ts';
import { AttachedDriver } from './attached.driver.ts';
import { ChildProcessDriver } from './child-process.driver.ts';
import { EngineRunsStore } from './engine-runs.store.ts';
import { endLeftOvers } from './left-overs.ts';
import { parseStat } from './process-table.ts';

const programs = new Programs();
const runsPath = join(programs.folder, 'engines.json');
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(() => programs.remove());

function childDriver(text = ENGINE, settings: { port?: number; gentleMs?: number; command?: string[] } = {}) {
  const runs = new EngineRunsStore(runsPath);
  const driver = new ChildProcessDriver(
    {
      engine: 'ollama',
      command: settings.command ?? programs.command('engine', text),
      host: '127.0.0.1',
      port: settings.port ?? 0,
      environment: {},
      gentleSignal: 'SIGTERM',
      gentleMs: settings.gentleMs ?? 5_000,
    },
    runs,
    systemClock,
  );
  closers.push(() => driver.stop());
  return { driver, runs };
}

/** Somebody else's engine, started outside of the driver. */
async function foreignEngine(): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort();
  const [program = '', script = ''] = programs.command('foreign', ENGINE);
  const child = spawn(program, [script, String(port)], { stdio: 'ignore' });
  closers.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  const url = `http://127.0.0.1:${port}`;
  await answer(url);
  return { url, child };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What the engine answers, once it does. */
function answer(url: string | null): Promise<string> {
  return eventually(async () => (await fetch(url ?? '', { headers: { connection: 'close' } })).text());
}

/** One that has ended and was not collected by its parent (which may be this machine's first process) is not alive. */
function isAlive(pid: number): boolean {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.isZombie === false;
  } catch {
    return false;
  }
}

interface Subject {
  readonly driver: EngineDriver;
  /** Pid behind the driver's address. */
  pid(): Promise<number>;
  readonly outlivesStop: boolean;
}

const subjects: Record<string, () => Promise<Subject>> = {
  'child process': async () => {
    const { driver } = childDriver();
    return { driver, pid: async () => Number(await answer(driver.url)), outlivesStop: false };
  },
  attached: async () => {
    const { url } = await foreignEngine();
    return {
      driver: new AttachedDriver(url),
      pid: async () => Number(await answer(url)),
      outlivesStop: true,
    };
  },
};

describe.each(Object.entries(subjects))('every driver: %s', (_, make) => {
  test('after a start there is an engine at its address', async () => {
    const { driver, pid } = await make();
    await driver.start();
    expect(driver.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(isAlive(await pid())).toBe(true);
  });

  test('starting what runs changes nothing', async () => {
    const { driver, pid } = await make();
    await driver.start();
    const before = await pid();
    await driver.start();
    expect(await pid()).toBe(before);
  });

  test('a stop ends exactly what is ours, and may be repeated', async () => {
    const { driver, pid, outlivesStop } = await make();
    await driver.start();
    const running = await pid();
    await driver.stop();
    await driver.stop();
    expect(isAlive(running)).toBe(outlivesStop);
  });

  test('a stop is no exit to be told of', async () => {
    const { driver, pid } = await make();
    const exits: EngineExit[] = [];
    driver.onExit((exit) => exits.push(exit));
    await driver.start();
    await pid();
    await driver.stop();
    expect(exits).toEqual([]);
  });

  test('after a stop it can be started again', async () => {
    const { driver, pid } = await make();
    await driver.start();
    await driver.stop();
    await driver.start();
    expect(isAlive(await pid())).toBe(true);
  });
});

describe('a child process', () => {
  test('that ignores the gentle signal is killed', async () => {
    const { driver } = childDriver(STUBBORN, { gentleMs: 50 });
    await driver.start();
    const pid = Number(await answer(driver.url));
    await driver.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('takes with it what it has started, in its group or out of it', async () => {
    const { driver, runs } = childDriver(WITH_CHILDREN);
    await driver.start();
    const pids = JSON.parse(await answer(driver.url)) as number[];
    expect(pids).toHaveLength(3);
    await driver.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(runs.all()).toEqual([]);
  });

  test('that crashes is reported when nothing of it is left', async () => {
    const { driver } = childDriver(WITH_CHILDREN);
    await driver.start();
    const pids = JSON.parse(await answer(driver.url)) as number[];
    const exit = new Promise<EngineExit>((resolve) => driver.onExit(resolve));
    process.kill(pids[0] ?? 0, 'SIGKILL');
    expect(await exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('its last words are kept for whoever asks why', async () => {
    const { driver } = childDriver(`console.error('no such model'); process.exit(3);`);
    const exit = new Promise<EngineExit>((resolve) => driver.onExit(resolve));
    await driver.start();
    expect(await exit).toEqual({ code: 3, signal: null, lastOutput: ['no such model'] });
  });

  test('is not started on a port that somebody else uses', async () => {
    const { url } = await foreignEngine();
    const { driver } = childDriver(ENGINE, { port: Number(new URL(url).port) });
    await expect(driver.start()).rejects.toMatchObject({ code: 'engine.start_failed' });
  });

  test('without a program fails to start and leaves no record', async () => {
    const { driver, runs } = childDriver(ENGINE, { command: [join(programs.folder, 'missing')] });
    await expect(driver.start()).rejects.toMatchObject({ code: 'engine.start_failed' });
    expect(runs.all()).toEqual([]);
  });
});

/** A process-manager that does nothing but start one engine, so that it can be killed. */
async function startAndKillOwner(): Promise<number[]> {
  const [command, clock] = [
    programs.command('orphan', WITH_CHILDREN),
    '{ now: Date.now, monotonic: () => performance.now(), after: (ms, run) => { const t = setTimeout(run, ms); return () => clearTimeout(t); } }',
  ];
  const [program = '', script = ''] = programs.command(
    'owner',
    `const from = ${JSON.stringify(import.meta.dirname)};
     const { ChildProcessDriver } = await import(from + '/child-process.driver.ts');
     const { EngineRunsStore } = await import(from + '/engine-runs.store.ts');
     const driver = new ChildProcessDriver(
       { engine: 'ollama', command: ${JSON.stringify(command)}, host: '127.0.0.1', port: 0, environment: {}, gentleSignal: 'SIGTERM', gentleMs: 100 },
       new EngineRunsStore(${JSON.stringify(runsPath)}), ${clock});
     await driver.start();
     console.log(driver.url);
     setInterval(() => undefined, 1000);`,
  );
  const owner = spawn(
    program,
    [
      '--conditions=@baton/source',
      '--disable-warning=ExperimentalWarning',
      '--experimental-transform-types',
      script,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(await answer(String(line).trim())) as number[];
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  return pids;
}

describe('engines of a process-manager that was killed', () => {
  test('are ended by the next one, with all that they started', async () => {
    const pids = await startAndKillOwner();
    expect(pids.filter(isAlive)).toEqual(pids);
    const runs = new EngineRunsStore(runsPath);
    expect(await endLeftOvers(runs, systemClock)).toEqual([{ engine: 'ollama', processes: 3 }]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(new EngineRunsStore(runsPath).all()).toEqual([]);
  }, 20_000);

  test('somebody else who has got the pid meanwhile is left alone', async () => {
    const { child } = await foreignEngine();
    const runs = new EngineRunsStore(runsPath);
    runs.put({ runId: 'gone', engine: 'ollama', leader: { pid: child.pid ?? 0, startTime: 1 } });
    expect(await endLeftOvers(runs, systemClock)).toEqual([]);
    expect(child.exitCode ?? child.signalCode).toBeNull();
    expect(runs.all()).toEqual([]);
  });
});
