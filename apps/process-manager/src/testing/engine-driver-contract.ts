import { describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { EngineDriver, EngineExit } from '../core/engine-driver.ts';
import { collect } from './collect.ts';

export interface DriverSubject {
  readonly driver: EngineDriver;
  /** Pid of the engine behind the driver's address, once it answers there. */
  pid(): Promise<number>;
  isAlive(pid: number): boolean;
  /** True for an engine that its owner has not allowed to be stopped: it runs from the beginning. */
  readonly isNotOurs?: boolean;
  /** Whether an end that nobody asked for is told; a driver that only knows an address cannot see it. */
  readonly tellsExits: boolean;
  /** What the engine prints at each start; null where logs cannot be read. */
  readonly says: string | null;
}

export interface DriverFactory {
  /** A driver whose engine does not run yet (unless it is not ours), cleaned up after the test. */
  make(): Promise<DriverSubject>;
  /** One whose engine cannot be started; null where the driver starts nothing. */
  makeUnstartable: (() => Promise<EngineDriver>) | null;
}

const FOR_EVER = new AbortController().signal;

/** What `ManagedEngine` relies on. A new driver is done when it passes. */
export function engineDriverContract(name: string, { make, makeUnstartable }: DriverFactory): void {
  describe(`every driver: ${name}`, () => {
    test('after a start there is an engine at its address', async () => {
      const { driver, pid, isAlive } = await make();
      await driver.start(FOR_EVER);
      expect(driver.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(isAlive(await pid())).toBe(true);
    });

    test('starting what runs changes nothing', async () => {
      const { driver, pid } = await make();
      await driver.start(FOR_EVER);
      const before = await pid();
      await driver.start(FOR_EVER);
      expect(await pid()).toBe(before);
    });

    test('a stop ends exactly what is ours, leaves nothing of it, and may be repeated', async () => {
      const { driver, pid, isAlive, isNotOurs = false } = await make();
      await driver.start(FOR_EVER);
      const running = await pid();
      await driver.stop();
      await driver.stop();
      expect(isAlive(running)).toBe(isNotOurs);
      expect(driver.canStop).toBe(!isNotOurs);
    });

    test('a stop before any start changes nothing', async () => {
      const { driver, isNotOurs = false } = await make();
      await driver.stop();
      expect(await driver.adopt()).toBe(isNotOurs);
    });

    test('after a stop it can be started again', async () => {
      const { driver, pid, isAlive } = await make();
      await driver.start(FOR_EVER);
      await pid();
      await driver.stop();
      await driver.start(FOR_EVER);
      expect(isAlive(await pid())).toBe(true);
    });

    test('a stop is no exit to be told of, and an end that nobody asked for is told once', async () => {
      const { driver, pid, tellsExits, isNotOurs = false } = await make();
      const exits: EngineExit[] = [];
      driver.onExit((exit) => exits.push(exit));
      await driver.start(FOR_EVER);
      await pid();
      await driver.stop();
      expect(exits).toEqual([]);
      if (!tellsExits || isNotOurs) return;
      await driver.start(FOR_EVER);
      process.kill(await pid(), 'SIGKILL');
      await eventually(() => exits.length > 0);
      await driver.stop();
      expect(exits).toHaveLength(1);
    });

    test('whoever has taken his listener back is told nothing', async () => {
      const { driver, pid, tellsExits } = await make();
      if (!tellsExits) return;
      const forgotten: EngineExit[] = [];
      driver.onExit((exit) => forgotten.push(exit))();
      const heard = new Promise<EngineExit>((resolve) => driver.onExit(resolve));
      await driver.start(FOR_EVER);
      process.kill(await pid(), 'SIGKILL');
      await heard;
      expect(forgotten).toEqual([]);
    });

    test('a start that was given up before it began starts nothing and says why', async () => {
      const { driver, isNotOurs = false } = await make();
      if (isNotOurs) return;
      await expect(driver.start(AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
      expect(await driver.adopt()).toBe(false);
    });

    test('what cannot be started says so with its cause, and leaves nothing to stop', async () => {
      const driver = await makeUnstartable?.();
      if (driver === undefined) return;
      const error = await driver.start(FOR_EVER).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'engine.start_failed', cause: expect.anything() });
      expect(await driver.adopt()).toBe(false);
    });

    test('what the engine prints can be read, from the end and on; or it is said that it cannot', async () => {
      const { driver, pid, says } = await make();
      expect(driver.logs === null).toBe(says === null);
      if (driver.logs === null || says === null) return;
      await driver.start(FOR_EVER);
      await pid();
      const { logs } = driver;
      const signal = AbortSignal.timeout(10_000);
      await eventually(async () => {
        const lines = await collect(logs.read({ lines: 1, follows: false, signal }));
        expect(lines.map(({ text }) => text)).toEqual([says]);
        expect(Math.abs(Date.now() - (lines[0]?.atMs ?? 0))).toBeLessThan(60_000);
        return true;
      });
      const gone = new AbortController();
      const seen: string[] = [];
      for await (const { text } of logs.read({ lines: 5, follows: true, signal: gone.signal })) {
        seen.push(text);
        gone.abort();
      }
      expect(seen).toEqual([says]);
    });

    test('looking on ends with close, and the engine does not', async () => {
      const { driver, pid, isAlive, tellsExits } = await make();
      await driver.start(FOR_EVER);
      const running = await pid();
      const isChild = driver.kind === 'child';
      await driver.close();
      if (!isChild && tellsExits) expect(isAlive(running)).toBe(true);
    });
  });
}
