import { describe, expect, test } from '@jest/globals';
import { AppError, FakeClock } from '@baton/kernel';
import type { EngineDriver, EngineExit } from './engine-driver.ts';
import { ManagedEngine } from './managed-engine.ts';

class FakeDriver implements EngineDriver {
  readonly kind: 'child' | 'attached';
  readonly logs = null;
  url: string | null = null;
  starts = 0;
  stops = 0;
  isRunning = false;
  isStuck = false;
  private listener: (exit: EngineExit) => void = () => undefined;

  constructor(kind: 'child' | 'attached' = 'child') {
    this.kind = kind;
    if (kind === 'attached') this.url = 'http://engine';
  }

  get canStop(): boolean {
    return this.kind === 'child';
  }

  async adopt(): Promise<boolean> {
    return this.isRunning;
  }

  async endWorkers(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.listener = () => undefined;
  }

  async start(): Promise<void> {
    this.starts += 1;
    this.isRunning = true;
    this.url = 'http://engine';
  }

  async stop(): Promise<void> {
    this.stops += 1;
    if (this.isStuck) throw new AppError('engine.failed');
    this.isRunning = false;
  }

  onExit(listener: (exit: EngineExit) => void): () => void {
    this.listener = listener;
    return () => undefined;
  }

  crash(): void {
    this.isRunning = false;
    this.listener({ code: 1, signal: null, lastOutput: [] });
  }
}

function setUp(kind: 'child' | 'attached' = 'child') {
  const clock = new FakeClock();
  const driver = new FakeDriver(kind);
  const world = { answers: true };
  const engine = new ManagedEngine({
    name: 'ollama',
    driver,
    clock,
    probe: async () => world.answers,
    times: { startTimeoutMs: 1_000, backOffMs: 100, maxBackOffMs: 400, recoveredAfterMs: 5_000 },
  });
  const states: string[] = [];
  engine.onChange((state) => states.push(state));
  return { clock, driver, engine, world, states };
}

const code = (wanted: string) => (error: unknown) => error instanceof AppError && error.code === wanted;

describe('a managed engine', () => {
  test('asked twice at once is started once', async () => {
    const { engine, driver, states } = setUp();
    await Promise.all([engine.ensureReady(), engine.ensureReady()]);
    expect(driver.starts).toBe(1);
    expect(states).toEqual(['starting', 'ready']);
  });

  test('that does not answer in time has failed, and nothing of it is left running', async () => {
    const { engine, driver, clock, world } = setUp();
    world.answers = false;
    const started = engine.ensureReady().catch((error: unknown) => error);
    await clock.advance(1_100);
    expect(code('engine.start_failed')(await started)).toBe(true);
    expect(driver.isRunning).toBe(false);
    expect(engine.state).toBe('failed');
    await engine.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('a stop ends a start in progress', async () => {
    const { engine, driver, clock, world } = setUp();
    world.answers = false;
    const started = engine.ensureReady().catch((error: unknown) => error);
    await clock.advance(50);
    await engine.stop();
    expect(code('engine.start_failed')(await started)).toBe(true);
    expect(driver.isRunning).toBe(false);
    expect(engine.state).toBe('stopped');
    expect(clock.pendingTimers).toBe(0);
  });

  test('that ends by itself is started again, after pauses that grow up to a limit', async () => {
    const { engine, driver, clock } = setUp();
    await engine.ensureReady();
    for (const waitMs of [100, 200, 400, 400]) {
      driver.crash();
      expect(engine.state).toBe('failed');
      await clock.advance(waitMs - 1);
      expect(engine.state).toBe('failed');
      await clock.advance(1);
      expect(engine.state).toBe('ready');
    }
    expect(engine.restarts).toBe(4);
  });

  test('a crash after a long healthy time counts as the first', async () => {
    const { engine, driver, clock } = setUp();
    await engine.ensureReady();
    driver.crash();
    await clock.advance(100);
    driver.crash();
    await clock.advance(200);
    await clock.advance(6_000);
    driver.crash();
    await clock.advance(100);
    expect(engine.state).toBe('ready');
  });

  test('that crashes while starting is not waited for', async () => {
    const { engine, driver, clock, world } = setUp();
    world.answers = false;
    const started = engine.ensureReady().catch((error: unknown) => error);
    await clock.advance(30);
    driver.crash();
    await clock.advance(30);
    expect(code('engine.start_failed')(await started)).toBe(true);
    await engine.stop();
  });

  test('stopped is not restarted by an end that comes later', async () => {
    const { engine, driver, clock } = setUp();
    await engine.ensureReady();
    await engine.stop();
    driver.crash();
    await clock.advance(10_000);
    expect(engine.state).toBe('stopped');
    expect(driver.starts).toBe(1);
  });

  test('attached is never stopped, and its state follows whether it answers', async () => {
    const { engine, driver, world } = setUp('attached');
    await engine.ensureReady();
    await engine.stop();
    expect(driver.stops).toBe(0);
    world.answers = false;
    await engine.check();
    expect(engine.state).toBe('unreachable');
    await expect(engine.ensureReady()).rejects.toMatchObject({ code: 'engine.unavailable' });
    world.answers = true;
    await engine.check();
    expect(engine.state).toBe('ready');
  });

  test('that runs already is ready at the first look, without a start', async () => {
    const { engine, driver } = setUp();
    driver.isRunning = true;
    driver.url = 'http://engine';
    await engine.adopt();
    expect(engine.state).toBe('ready');
    const silent = setUp();
    await silent.engine.adopt();
    expect([silent.engine.state, silent.driver.starts]).toEqual(['stopped', 0]);
  });

  test('that runs already but does not answer yet is waited for, and nobody waits with it', async () => {
    const { engine, driver, world, clock } = setUp();
    driver.isRunning = true;
    driver.url = 'http://engine';
    world.answers = false;
    await engine.adopt();
    expect(engine.state).toBe('starting');
    world.answers = true;
    await clock.advance(50);
    expect(engine.state).toBe('ready');
  });

  test('is restarted with a pause that grows when it has to be done again and again', async () => {
    const { engine, driver, clock, states } = setUp();
    await engine.ensureReady();
    for (const waitMs of [100, 200, 400]) {
      await engine.restart();
      expect(driver.isRunning).toBe(false);
      await clock.advance(waitMs - 1);
      expect(engine.state).toBe('failed');
      await clock.advance(1);
      expect(engine.state).toBe('ready');
    }
    expect(states.slice(2, 6)).toEqual(['stopping', 'failed', 'starting', 'ready']);
    expect(engine.restarts).toBe(3);
  });

  test('asked to stop after a restart stays stopped', async () => {
    const { engine, clock } = setUp();
    await engine.ensureReady();
    await Promise.all([engine.restart(), engine.stop()]);
    await clock.advance(10_000);
    expect(engine.state).toBe('stopped');
    expect(clock.pendingTimers).toBe(0);
  });

  test('that is not ours is not restarted', async () => {
    const { engine, driver } = setUp('attached');
    await expect(engine.restart()).rejects.toMatchObject({ code: 'engine.not_ours' });
    expect(driver.stops).toBe(0);
  });

  test('of which something would not go has failed, and is not called stopped', async () => {
    const { engine, driver } = setUp();
    await engine.ensureReady();
    driver.isStuck = true;
    await expect(engine.stop()).rejects.toMatchObject({ code: 'engine.failed' });
    expect(engine.state).toBe('failed');
    driver.isStuck = false;
    await engine.stop();
    expect(engine.state).toBe('stopped');
  });

  test('is asked within a limit whether it answers; one that is not there counts as fine', async () => {
    const { engine, world } = setUp();
    world.answers = false;
    expect(await engine.isAnswering(1_000)).toBe(true);
    world.answers = true;
    await engine.ensureReady();
    world.answers = false;
    expect(await engine.isAnswering(1_000)).toBe(false);
  });
});
