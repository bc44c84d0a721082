import { afterAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@baton/kernel';
import { eventually } from '@baton/testing';
import { NvidiaSmiDriver } from './nvidia-smi.driver.ts';

const folder = mkdtempSync(join(tmpdir(), 'baton-smi-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program in place of nvidia-smi. */
function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!${process.execPath}\n${text}`);
  chmodSync(path, 0o755);
  return path;
}

const settings = (path: string) => ({ program: path, card: '0', intervalMs: 20, processIntervalMs: 400 });

describe('nvidia-smi', () => {
  test('runs once and is read line by line: each reading is newer than the question', async () => {
    const path = program(
      'smi',
      `let n = 0; setInterval(() => console.log('NVIDIA RTX 3090, 24576, ' + (400 + n++)), 20);`,
    );
    const driver = await NvidiaSmiDriver.open(settings(path), systemClock);
    const first = await driver?.read();
    const second = await driver?.read();
    expect(first).toMatchObject({ name: 'NVIDIA RTX 3090', totalMib: 24_576 });
    expect(second?.usedMib).toBeGreaterThan(first?.usedMib ?? Number.NaN);
    await driver?.close();
  });

  test('is asked for one card, at a steady pace, without units', async () => {
    const path = program(
      'args',
      `const n = process.argv.slice(2).join(' '); setInterval(() => console.log(n + ', 1, 1'), 20);`,
    );
    const driver = await NvidiaSmiDriver.open(settings(path), systemClock);
    expect((await driver?.read())?.name.replaceAll(', ', ',')).toBe(
      '-i 0 --query-gpu=name,memory.total,memory.used --format=csv,noheader,nounits -lms 20',
    );
    await driver?.close();
  });

  test('is started again when it ends', async () => {
    const path = program(
      'short',
      `console.log('NVIDIA, 10, ' + process.pid % 1000); setTimeout(() => process.exit(1), 50);`,
    );
    const driver = await NvidiaSmiDriver.open(settings(path), systemClock);
    const first = await eventually(() => driver?.read());
    const second = await eventually(() => driver?.read());
    expect(second.usedMib).not.toBe(first.usedMib);
    await driver?.close();
  }, 15_000);

  test('that is not installed is no probe', async () => {
    expect(await NvidiaSmiDriver.open(settings(join(folder, 'missing')), systemClock)).toBeNull();
  });

  describe('lists who uses the card', () => {
    /** Both questions from one program: a line of memory each 20 ms, a list each 400 ms. */
    const both = (list: string): string =>
      `if (process.argv.join(' ').includes('--query-gpu')) setInterval(() => console.log('NVIDIA, 10, 1'), 20);
       else { let round = 0; setInterval(() => { round += 1; ${list} }, 400); }`;

    test('whole, a round after the other, from one program', async () => {
      const path = program('list', both(`console.log('11, /bin/a, ' + round); console.log('12, b, [N/A]');`));
      const driver = await NvidiaSmiDriver.open(settings(path), systemClock);
      const first = await driver?.processes();
      const second = await driver?.processes();
      await driver?.close();
      expect(first).toEqual([
        { pid: 11, name: 'a', usedMib: expect.any(Number) },
        { pid: 12, name: 'b', usedMib: null },
      ]);
      expect(second?.[0]?.usedMib).toBeGreaterThan(first?.[0]?.usedMib ?? Number.NaN);
    });

    test('as nobody, when nothing is printed', async () => {
      const driver = await NvidiaSmiDriver.open(settings(program('nobody', both(''))), systemClock);
      expect(await driver?.processes()).toEqual([]);
      await driver?.close();
    });

    test('not at all, when the program has ended', async () => {
      const path = program('gone', both('process.exit(9)'));
      const driver = await NvidiaSmiDriver.open(settings(path), systemClock);
      expect(await driver?.processes()).toBeNull();
      await driver?.close();
    });
  });
});
