import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { eventually } from '@baton/testing';
import type { EngineExit } from '../core/engine-driver.ts';
import { engineDriverContract } from '../testing/engine-driver-contract.ts';
import { freePort, isAlive, pidAt } from '../testing/engine-process.ts';
import { FakeKubernetes } from '../testing/fake-kubernetes.ts';
import { ENGINE, Programs, SAYS } from '../testing/programs.ts';
import { quickClock } from '../testing/quick-clock.ts';
import { KubernetesDriver } from './kubernetes.driver.ts';
import { KubernetesWorkload } from './kubernetes-workload.client.ts';

const programs = new Programs();
const closers: (() => Promise<void>)[] = [];
/** Looks and pauses of the driver come so much sooner; so do its time limits. */
const PACE = 10;
const FOR_EVER = new AbortController().signal;
let files = 0;

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => programs.remove());

interface Options {
  readonly workload?: string;
  readonly token?: string;
  readonly gentleMs?: number;
  readonly startMs?: number;
}

async function setUp(options: Options = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [program = '', script = ''] = programs.command('engine', ENGINE);
  const fake = new FakeKubernetes('ollama', [program, script, String(port)]);
  await fake.listen();
  files += 1;
  const kubeconfig = join(programs.folder, `kubeconfig-${files}`);
  fake.writeKubeconfig(kubeconfig, options.token);
  const workload = { kind: 'deployment' as const, name: options.workload ?? 'ollama', namespace: null };
  const driver = new KubernetesDriver(
    { engine: 'ollama', url, startMs: options.startMs ?? 100_000, gentleMs: options.gentleMs ?? 100_000 },
    () => KubernetesWorkload.open(workload, kubeconfig),
    quickClock(PACE),
  );
  closers.push(
    () => fake.close(),
    () => driver.close(),
  );
  const exits: EngineExit[] = [];
  driver.onExit((exit) => exits.push(exit));
  return { driver, fake, url, exits };
}

engineDriverContract('Kubernetes', {
  make: async () => {
    const { driver, url } = await setUp();
    return { driver, pid: () => pidAt(url), isAlive, tellsExits: true, says: SAYS };
  },
  makeUnstartable: async () => (await setUp({ workload: 'nobody' })).driver,
});

describe('a workload', () => {
  test.each([
    ['that is not there', { workload: 'nobody' }, 404],
    ['that a stranger asks for', { token: 'another token' }, 401],
  ])('%s cannot be started', async (_, options, status) => {
    const { driver } = await setUp(options);
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({
      code: 'engine.start_failed',
      details: { status },
    });
  });

  test('that our account may not scale can be neither started nor stopped, and says so', async () => {
    const { driver, fake } = await setUp();
    await driver.start(FOR_EVER);
    fake.allows = 'nothing';
    await expect(driver.stop()).rejects.toMatchObject({ code: 'engine.failed', details: { status: 403 } });
    fake.allows = 'all';
    await driver.stop();
    fake.allows = 'nothing';
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ details: { status: 403 } });
  });

  test('is scaled although somebody else changes it at the same time', async () => {
    const { driver, fake } = await setUp();
    fake.conflicts = 2;
    await driver.start(FOR_EVER);
    expect(fake.podCount).toBe(1);
    expect(fake.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(3);
  });

  test('whose image cannot be had fails at once, with the reason', async () => {
    const { driver, fake } = await setUp({ startMs: 600_000 });
    fake.waitingReason = 'ImagePullBackOff';
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({
      code: 'engine.start_failed',
      cause: { details: { trouble: 'ImagePullBackOff' } },
    });
    await driver.stop();
    expect(fake.podCount).toBe(0);
  });

  test('whose pod never gets ready fails in time; a start that is given up ends at once', async () => {
    const { driver, fake } = await setUp({ startMs: 1_000 });
    fake.waitingReason = 'ContainerCreating';
    await expect(driver.start(FOR_EVER)).rejects.toMatchObject({ code: 'engine.start_failed' });
    const patient = await setUp({ startMs: 600_000 });
    patient.fake.waitingReason = 'ContainerCreating';
    const stopped = new AbortController();
    const started = patient.driver.start(stopped.signal).catch((error: unknown) => error);
    await eventually(() => patient.fake.podCount === 1);
    stopped.abort(new Error('stopped meanwhile'));
    expect(await started).toMatchObject({ message: 'stopped meanwhile' });
  });

  test('whose pod does not end by itself has it taken away', async () => {
    const { driver, fake, url } = await setUp({ gentleMs: 2_000 });
    await driver.start(FOR_EVER);
    const pid = await pidAt(url);
    fake.endsLate = true;
    await driver.stop();
    expect(isAlive(pid)).toBe(false);
    expect(fake.requests.filter((request) => request.startsWith('DELETE'))).toHaveLength(1);
  });

  test('that runs already is taken over; scaled down by hand, it has ended', async () => {
    const { driver, fake, url, exits } = await setUp();
    await fake.scaleByHand(1);
    await pidAt(url);
    expect(await driver.adopt()).toBe(true);
    await fake.scaleByHand(0);
    await eventually(() => exits.length === 1);
    expect(fake.requests.some((request) => request.startsWith('PUT'))).toBe(false);
  });

  test('whose container the kubelet restarts has ended once, with its exit code', async () => {
    const { driver, url, exits } = await setUp();
    await driver.start(FOR_EVER);
    process.kill(await pidAt(url), 'SIGKILL');
    await eventually(() => exits.length === 1);
    expect(exits).toEqual([{ code: 137, signal: null, lastOutput: [] }]);
  });
});
