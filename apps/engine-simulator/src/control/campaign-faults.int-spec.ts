import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { eventually } from '@baton/testing';
import { startCard } from '../card/start.ts';
import { textToImage } from '../comfyui/traces/graphs.ts';
import { TriedServer } from '../comfyui/traces/tried-server.ts';
import { SimulatedPair } from '../ollama/testing/simulated-pair.ts';
import type { RunningRole } from '../options.ts';

/** Faults that a fault campaign needs and that no other test of this simulator looks at. */

interface OnCard {
  readonly usedMib: number;
}

let card: RunningRole;
let comfyui: TriedServer;
let crashes: number;

beforeEach(async () => {
  crashes = 0;
  card = await startCard({ host: '127.0.0.1', port: 0, totalMib: 24_576 });
  comfyui = await TriedServer.start({
    card: card.url,
    control: { speed: 200 },
    crash: () => (crashes += 1),
  });
});

afterEach(async () => {
  await comfyui.stop();
  await card.close();
});

const usedMib = async (): Promise<number> =>
  ((await (await fetch(`${card.url}/card`, { headers: { connection: 'close' } })).json()) as OnCard).usedMib;

const submit = (steps = 4) =>
  comfyui.post('/prompt', { prompt_id: randomUUID(), prompt: textToImage({ 9: { steps } }) });

const isIdle = async (): Promise<boolean> =>
  (await comfyui.get<{ exec_info: { queue_remaining: number } }>('/prompt')).body.exec_info
    .queue_remaining === 0;

describe('ComfyUI', () => {
  test('keeps what a node pack holds after /free, and tells so', async () => {
    await comfyui.control({ faults: { freeKeeps: { mib: 1_000 } } });
    await submit();
    await eventually(isIdle);
    await comfyui.post('/free', { unload_models: true, free_memory: true });
    await eventually(async () => (await usedMib()) === 500 + 1_000);
    const { body } = await comfyui.get<{ devices: { torch_vram_total: number }[] }>('/system_stats');
    expect(body.devices[0]?.torch_vram_total).toBe(1_000 * 1_048_576);
  });

  test('does not notice interrupts under the fault, and does again without it', async () => {
    await comfyui.control({ speed: 1, faults: { interruptIgnored: true } });
    await comfyui.control({ settings: { loadMibPerSecond: 1_000_000 } });
    await submit(100);
    await eventually(async () => (await usedMib()) > 10_000);
    expect((await comfyui.post('/interrupt')).status).toBe(200);
    expect(await isIdle()).toBe(false);
    await comfyui.control({ faults: { interruptIgnored: false } });
    await eventually(async () => {
      await comfyui.post('/interrupt');
      return isIdle();
    });
  });

  test('accepts and does not answer while it hangs; its control does', async () => {
    await comfyui.control({ faults: { hang: true } });
    const asked = comfyui.get('/queue');
    let isAnswered = false;
    void asked.then(() => (isAnswered = true));
    await comfyui.control({});
    expect(isAnswered).toBe(false);
    await comfyui.control({ faults: { hang: false } });
    expect((await asked).status).toBe(200);
  });

  test('dies in the middle of a load', async () => {
    await comfyui.control({ faults: { loadCrash: { times: 1 } } });
    await submit();
    await eventually(() => crashes === 1);
  });
});

describe('Ollama', () => {
  test('dies in the middle of a load', async () => {
    const pair = await SimulatedPair.start();
    await pair.control({ faults: { loadCrash: { times: 1 } } });
    await pair.load('phi3');
    await eventually(() => pair.crashes.length === 1);
    await pair.close();
  });
});

describe('the control key', () => {
  test('is asked for once it is set, to look and to change', async () => {
    const role = await startCard({
      host: '127.0.0.1',
      port: 0,
      totalMib: 100,
      controlKey: 'a key of some length',
    });
    const ask = (method: string, key?: string) =>
      fetch(`${role.url}/__control`, {
        method,
        headers: { connection: 'close', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
        ...(method === 'PUT' ? { body: '{"speed":2}' } : {}),
      }).then(({ status }) => status);
    expect([
      await ask('GET'),
      await ask('PUT', 'another key'),
      await ask('PUT', 'a key of some length'),
    ]).toEqual([401, 401, 200]);
    await role.close();
  });
});
