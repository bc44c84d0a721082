import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, FakeClock, systemClock, type Clock } from '@baton/kernel';
import { eventually } from '@baton/testing';
import type { EngineExit } from '../core/engine-driver.ts';
import { engineDriverContract } from '../testing/engine-driver-contract.ts';
import { answer, freePort, isAlive, pidAt } from '../testing/engine-process.ts';
import { ENGINE, Programs, SAYS, STUBBORN, WITH_CHILDREN } from '../testing/programs.ts';
import { AttachedDriver } from './attached.driver.ts';
import { ChildProcessDriver, type Ending } from './child-process.driver.ts';
import { killRun, signalProcess } from './end-run.ts';
import { EngineRunsStore, type EngineRun } from './engine-runs.store.ts';
import { endLeftOvers } from './left-overs.ts';
import { runProgram } from './run-program.ts';

const programs = new Programs();
const runsPath = join(programs.folder, 'engines.json');
const closers: (() => Promise<void>)[] = [];
const FOR_EVER = new AbortController().signal;

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(() => programs.remove());

function childDriver(
  text = ENGINE,
  settings: { port?: number; gentleMs?: number; command?: string[]; ending?: Ending; clock?: Clock } = {},
) {
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
    settings.clock ?? systemClock,
    settings.ending,
  );
  closers.push(async () => {
    const { clock } = settings;
    await (clock instanceof FakeClock ? whileTimePasses(clock, driver.stop()) : driver.stop());
  });
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

/** An engine of its owner's that does not run yet, with the commands that start and stop it. */
async function ownersEngine(): Promise<{ url: string; start: string[]; stop: string[] }> {
  const port = await freePort();
  const pidFile = join(programs.folder, `${port}.pid`);
  const [program = '', script = ''] = programs.command('owned', ENGINE);
  const starter = programs.command(
    'start-owned',
    `import { spawn } from 'node:child_process';
     import { writeFileSync } from 'node:fs';
     const child = spawn(${JSON.stringify(program)}, [${JSON.stringify(script)}, '${port}'], { detached: true, stdio: 'ignore' });
     writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
     child.unref();`,
  );
  const stopper = programs.command(
    'stop-owned',
    `import { readFileSync } from 'node:fs';
     process.kill(Number(readFileSync(${JSON.stringify(pidFile)}, 'utf8')), 'SIGTERM');`,
  );
  closers.push(async () => {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
    if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { url: `http://127.0.0.1:${port}`, start: starter.slice(0, 2), stop: stopper.slice(0, 2) };
}

function attachedDriver(url: string, commands: { start: string[]; stop: string[] } | null = null) {
  return new AttachedDriver({
    engine: 'ollama',
    url,
    commands: commands === null ? null : { ...commands, environment: {}, limitMs: 5_000 },
    run: runProgram,
    clock: systemClock,
  });
}

engineDriverContract('child process', {
  make: async () => {
    const { driver } = childDriver();
    return { driver, pid: () => pidAt(driver.url), isAlive, tellsExits: true, says: SAYS };
  },
  makeUnstartable: async () => childDriver(ENGINE, { command: [join(programs.folder, 'missing')] }).driver,
});

engineDriverContract('attached', {
  make: async () => {
    const { url } = await foreignEngine();
    return {
      driver: attachedDriver(url),
      pid: () => pidAt(url),
      isAlive,
      isNotOurs: true,
      tellsExits: false,
      says: null,
    };
  },
  makeUnstartable: null,
});

engineDriverContract('attached, with its owner’s commands', {
  make: async () => {
    const { url, start, stop } = await ownersEngine();
    return {
      driver: attachedDriver(url, { start, stop }),
      pid: () => pidAt(url),
      isAlive,
      tellsExits: false,
      says: null,
    };
  },
  makeUnstartable: async () => {
    const start = [join(programs.folder, 'missing')];
    return attachedDriver(`http://127.0.0.1:${await freePort()}`, { start, stop: start });
  },
});

describe('an attached engine', () => {
  test('whose stop command fails, or stops nothing, is not called stopped', async () => {
    const { url } = await foreignEngine();
    const failing = programs.command('failing', 'process.exit(7);').slice(0, 2);
    const driver = attachedDriver(url, { start: failing, stop: failing });
    await expect(driver.stop()).rejects.toMatchObject({ code: 'engine.failed' });
  });
});

describe('a child process', () => {
  test('that ignores the gentle signal is killed', async () => {
    const { driver } = childDriver(STUBBORN, { gentleMs: 50 });
    await driver.start(FOR_EVER);
    const pid = Number(await answer(driver.url));
    await driver.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('that ends in good order is sent nothing after its end', async () => {
    const sent: [number, string][] = [];
    const signal = (pid: number, name: NodeJS.Signals): void => {
      sent.push([pid, name]);
      signalProcess(pid, name);
    };
    const { driver } = childDriver(ENGINE, { ending: { signal, killRun } });
    await driver.start(FOR_EVER);
    const pid = await pidAt(driver.url);
    await driver.stop();
    expect(sent).toEqual([[pid, 'SIGTERM']]);
  });

  test('takes with it what it has started, in its group or out of it', async () => {
    const { driver, runs } = childDriver(WITH_CHILDREN);
    await driver.start(FOR_EVER);
    const pids = JSON.parse(await answer(driver.url)) as number[];
    expect(pids).toHaveLength(3);
    await driver.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(runs.all()).toEqual([]);
  });

  test('that crashes is reported when nothing of it is left', async () => {
    const { driver } = childDriver(WITH_CHILDREN);
    await driver.start(FOR_EVER);
    const pids = JSON.parse(await answer(driver.url)) as number[];
    const exit = new Promise<EngineExit>((resolve) => driver.onExit(resolve));
    process.kill(pids[0] ?? 0, 'SIGKILL');
    expect(await exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('its last words are kept for whoever asks why', async () => {
    const { driver } = childDriver(`console.error('no such model'); process.exit(3);`);
    const exit = new Promise<EngineExit>((resolve) => driver.onExit(resolve));
    await driver.start(FOR_EVER);
    expect(await exit).toEqual({ code: 3, signal: null, lastOutput: ['no such model'] });
  });

  test('is not started on a port that somebody else uses', async () => {
    const { url } = await foreignEngine();
    const { driver } = childDriver(ENGINE, { port: Number(new URL(url).port) });
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ code: 'engine.start_failed' });
  });

  test('without a program fails to start and leaves no record', async () => {
    const { driver, runs } = childDriver(ENGINE, { command: [join(programs.folder, 'missing')] });
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ code: 'engine.start_failed' });
    expect(runs.all()).toEqual([]);
  });
});

/** Moves a clock that stands still until the work is done. */
async function whileTimePasses(clock: FakeClock, work: Promise<void>): Promise<void> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  await eventually(async () => {
    await clock.advance(10);
    return isDone;
  });
  await done;
}

describe('a child process that will not go', () => {
  const refusing = (): Ending & { isRefusing: boolean } => {
    const ending = {
      isRefusing: true,
      signal: (pid: number, signal: NodeJS.Signals) => {
        if (!ending.isRefusing) signalProcess(pid, signal);
      },
      killRun: (run: EngineRun, clock: Clock) =>
        ending.isRefusing ? Promise.reject(new AppError('engine.failed')) : killRun(run, clock),
    };
    return ending;
  };

  test('fails its stop in bounded time, is not started beside itself, and is ended when it can be', async () => {
    const clock = new FakeClock();
    const ending = refusing();
    const { driver } = childDriver(ENGINE, { ending, clock, gentleMs: 1_000 });
    await driver.start(FOR_EVER);
    const pid = await pidAt(driver.url);
    const stopped = driver.stop().catch((error: unknown) => error);
    await clock.advance(15_000);
    expect(await stopped).toMatchObject({ code: 'engine.failed' });
    expect(isAlive(pid)).toBe(true);
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ code: 'engine.start_failed' });
    ending.isRefusing = false;
    await whileTimePasses(clock, driver.start(FOR_EVER));
    expect(isAlive(pid)).toBe(false);
    const next = await pidAt(driver.url);
    await whileTimePasses(clock, driver.stop());
    expect(isAlive(next)).toBe(false);
  });

  test('whose child outlives it has ended itself: its end is told, and the next start clears up first', async () => {
    const ending = refusing();
    const { driver, runs } = childDriver(WITH_CHILDREN, { ending });
    const exits: EngineExit[] = [];
    driver.onExit((exit) => exits.push(exit));
    await driver.start(FOR_EVER);
    const pids = JSON.parse(await answer(driver.url)) as number[];
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await eventually(() => exits.length === 1);
    expect(runs.all()).toHaveLength(1);
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ code: 'engine.start_failed' });
    ending.isRefusing = false;
    await driver.start(FOR_EVER);
    expect(pids.filter(isAlive)).toEqual([]);
    await answer(driver.url);
    expect(runs.all()).toHaveLength(1);
    expect(exits).toHaveLength(1);
  });

  test('can have what it started ended without itself', async () => {
    const { driver } = childDriver(WITH_CHILDREN);
    await driver.start(FOR_EVER);
    const [engine = 0, ...workers] = JSON.parse(await answer(driver.url)) as number[];
    expect(await driver.endWorkers()).toBe(2);
    await eventually(() => workers.every((pid) => !isAlive(pid)));
    expect(isAlive(engine)).toBe(true);
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
     await driver.start(new AbortController().signal);
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
