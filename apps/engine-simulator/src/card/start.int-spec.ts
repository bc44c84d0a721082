import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import type { RunningRole } from '../options.ts';
import { CardClient } from './card-client.ts';
import { CardOutOfMemory, Ledger } from './ledger.ts';
import { MIB, startCard } from './start.ts';

let card: RunningRole;
let clients: CardClient[];
beforeEach(async () => {
  clients = [];
  card = await startCard({ host: '127.0.0.1', port: 0, totalMib: 1_000, control: { speed: 100 } });
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await card.close();
});

async function connect(engine: 'ollama' | 'comfyui', contextMib = 0): Promise<CardClient> {
  const client = await CardClient.connect(card.url, {
    engine,
    pid: process.pid,
    contextBytes: contextMib * MIB,
  });
  clients.push(client);
  return client;
}

async function state(): Promise<{
  usedMib: number;
  gpuUtil: number;
  overlapCount: number;
  processes: object[];
}> {
  return (await fetch(`${card.url}/card`)).json() as ReturnType<typeof state>;
}

async function control(change: object): Promise<number> {
  return (await fetch(`${card.url}/__control`, { method: 'PUT', body: JSON.stringify(change) })).status;
}

describe('a process on the card', () => {
  test('holds its context and what it allocates, under its engine, pid and label', async () => {
    const client = await connect('comfyui', 100);
    const { id } = await client.alloc('flux', 300 * MIB);
    await client.resize(id, 400 * MIB);
    await client.alloc('decode', 50 * MIB, 'scratch');
    expect(await state()).toMatchObject({
      name: 'Simulated GPU (no hardware)',
      totalMib: 1_000,
      usedMib: 550,
      freeMib: 450,
      processes: [
        {
          pid: process.pid,
          engine: 'comfyui',
          label: 'flux, decode',
          usedMib: 550,
          weightsMib: 400,
          isAlive: true,
        },
      ],
    });
    await client.free(id);
    await client.free(id);
    expect(await client.usage()).toEqual({
      totalBytes: 1_000 * MIB,
      usedBytes: 150 * MIB,
      freeBytes: 850 * MIB,
    });
  });

  test('is refused what does not fit, its own context included', async () => {
    const client = await connect('ollama', 900);
    await expect(client.alloc('model', 101 * MIB)).rejects.toThrow(CardOutOfMemory);
    await expect(connect('comfyui', 101)).rejects.toThrow(CardOutOfMemory);
    await client.alloc('model', 100 * MIB);
  });

  test('that breaks off is given back after the lag, and is marked as gone until then', async () => {
    await control({ lag: { lagMinMs: 30_000, lagMaxMs: 30_000 } });
    const client = await connect('ollama');
    await client.alloc('model', 200 * MIB);
    await client.close();
    await eventually(async () =>
      (await state()).processes.some((process) => 'isAlive' in process && !process.isAlive),
    );
    expect((await state()).usedMib).toBe(200);
    await eventually(async () => (await state()).usedMib === 0);
  });

  test('keeps its memory for ever under the fault, and gives it back when the fault is lifted', async () => {
    await control({ faults: { memoryStays: true }, lag: { lagMinMs: 0, lagMaxMs: 0 } });
    const client = await connect('ollama');
    await client.alloc('model', 200 * MIB);
    await client.close();
    await eventually(async () =>
      (await state()).processes.some((process) => 'isAlive' in process && !process.isAlive),
    );
    expect((await state()).usedMib).toBe(200);
    await control({ faults: { memoryStays: false } });
    await eventually(async () => (await state()).usedMib === 0);
  });

  test('shows as utilisation while it computes', async () => {
    const client = await connect('comfyui');
    await client.work('busy');
    expect((await state()).gpuUtil).toBe(97);
    await client.work('idle');
    expect((await state()).gpuUtil).toBe(0);
  });

  test('notices that the card went away', async () => {
    const client = await connect('comfyui');
    await card.close();
    await client.lost;
    await expect(client.usage()).rejects.toThrow('the simulated card went away');
    await expect(connect('ollama')).rejects.toThrow('the simulated card went away');
  });
});

describe('the judge', () => {
  test('tells of both engines being loaded at once, and forgets on demand', async () => {
    const [ollama, comfyui] = [await connect('ollama', 10), await connect('comfyui', 10)];
    await ollama.alloc('phi3', 100 * MIB);
    expect((await state()).overlapCount).toBe(0);
    const { id } = await comfyui.alloc('flux', 100 * MIB);
    expect(await state()).toMatchObject({
      overlapCount: 1,
      overlaps: [{ engines: ['comfyui', 'ollama'], isOver: false }],
    });
    await comfyui.free(id);
    expect(await state()).toMatchObject({ overlapCount: 1, overlaps: [{ isOver: true }] });
    await control({ overlaps: 'forget' });
    expect((await state()).overlapCount).toBe(0);
  });
});

test('a stowaway takes memory that engines then lack, and leaves at once', async () => {
  await control({ stowaways: [{ pid: 77, label: 'a game', mib: 700 }] });
  expect(await state()).toMatchObject({
    usedMib: 700,
    processes: [{ pid: 77, engine: 'foreign', label: 'a game' }],
  });
  await control({ stowaways: [] });
  expect((await state()).usedMib).toBe(0);
});

test('the log tells every change in order', async () => {
  const client = await connect('ollama', 5);
  await client.alloc('phi3', 10 * MIB);
  const { events } = (await (await fetch(`${card.url}/events`)).json()) as {
    events: { what: string; label: string }[];
  };
  expect(events.map(({ what, label }) => `${what} ${label}`)).toEqual(['opened context', 'allocated phi3']);
});

test.each([
  [{ unknown: 1 }],
  [{ speed: -1 }],
  [{ lag: { lagMinMs: 'soon' } }],
  [{ stowaways: [{ pid: 1 }] }],
])('control refuses %j', async (change) => {
  expect(await control(change)).toBe(400);
});

test('without a card, clients that share a ledger see each other', async () => {
  const ledger = new Ledger(100);
  const owner = { engine: 'ollama', pid: 1, contextBytes: 10 } as const;
  const [one, other] = [await CardClient.connect(ledger, owner), await CardClient.connect(ledger, owner)];
  await one.alloc('a', 50);
  expect((await other.usage()).freeBytes).toBe(30);
  await expect(other.alloc('b', 31)).rejects.toThrow(CardOutOfMemory);
  await one.close();
  expect((await other.usage()).usedBytes).toBe(10);
});
