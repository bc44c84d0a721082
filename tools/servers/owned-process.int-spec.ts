import { expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { OwnedProcess } from './owned-process.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const say = (code: string): string[] => [process.execPath, '-e', code];

test('a program that ends at start is reported with its last lines', async () => {
  const owned = new OwnedProcess({
    name: 'db',
    command: say('console.log("disk full"); process.exit(4)'),
    graceMs: 1_000,
  });
  await expect(owned.waitForLine(/ready/, 5_000)).rejects.toThrow(
    /db ended at start \(exit code 4\)[^]*disk full/,
  );
});

test('a program that will not end is killed when its grace is over', async () => {
  const stubborn =
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e3); console.log("ready", process.pid)';
  const owned = new OwnedProcess({ name: 'stubborn', command: say(stubborn), graceMs: 1_000 });
  const pid = Number((await owned.waitForLine(/ready/, 5_000)).split(' ')[1]);
  await owned.stop();
  expect(isAlive(pid)).toBe(false);
});

test('a program ends when its owner is killed and can do nothing about it any more', async () => {
  const module = join(import.meta.dirname, 'owned-process.ts');
  const server = 'setInterval(() => {}, 1e3); console.log("ready", process.pid)';
  const owner = `
    const { OwnedProcess } = await import(${JSON.stringify(module)});
    const owned = new OwnedProcess({ name: 's', command: ${JSON.stringify(say(server))}, graceMs: 1000 });
    console.log(await owned.waitForLine(/ready/, 5000));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', owner], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString().split(' ')[1]);
  expect(isAlive(pid)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'close');
  await eventually(() => !isAlive(pid));
});
