import { describe, expect, test } from '@jest/globals';
import { AppError, FakeClock } from '@baton/kernel';
import type { EngineDriver, EngineExit } from './engine-driver.ts';
import { ManagedEngine } from './managed-engine.ts';

class FakeDriver implements EngineDriver {
  readonly kind: 'child' | 'attached';
  url: string | null = null;
  starts = 0;
  stops = 0;
  isRunning = false;
  private listener: (exit: EngineExit) => void = () => undefined;

  constructor(kind: 'child' | 'attached' = 'child') {
    this.kind = kind;
    if (kind === 'attached') this.url = 'http://engine';
  }

  async start(): Promise<void> {
    this.starts += 1;
    this.isRunning = true;
    this.url = 'http://engine';
  }

  async stop(): Promise<void> {
    this.stops += 1;
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
});
