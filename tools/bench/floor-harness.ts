import { join } from 'node:path';
import { OwnedProcess } from '../servers/owned-process.ts';

const READY_TIMEOUT_MS = 20_000;
const GRACE_MS = 2_000;

export interface FloorHarness {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts the two processes of the floor in front of an engine. */
export async function startFloor(addresses: {
  readonly redisUrl: string;
  readonly engineUrl: string;
}): Promise<FloorHarness> {
  const running: OwnedProcess[] = [];
  const start = async (role: 'service' | 'gateway', env: NodeJS.ProcessEnv): Promise<string> => {
    const floor = new OwnedProcess({
      name: `floor ${role}`,
      command: [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        join(import.meta.dirname, 'floor.ts'),
        role,
      ],
      env: { ...process.env, REDIS_URL: addresses.redisUrl, ...env },
      graceMs: GRACE_MS,
    });
    running.push(floor);
    const line = await floor.waitForLine(/^listening \d+$/, READY_TIMEOUT_MS);
    return `http://127.0.0.1:${line.split(' ')[1] ?? ''}`;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((floor) => floor.stop()));
  };
  try {
    const serviceUrl = await start('service', { ENGINE_URL: addresses.engineUrl });
    return { url: await start('gateway', { SERVICE_URL: serviceUrl }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
