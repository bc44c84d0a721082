import { afterAll, expect, test } from '@jest/globals';
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@baton/testing';
import { quickClock } from '../testing/quick-clock.ts';
import { LineProgram } from './line-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'baton-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a program that is away for a while is started again when it is back', async () => {
  const path = join(folder, 'program');
  writeFileSync(
    path,
    `#!${process.execPath}\nconsole.log(process.pid); setInterval(() => undefined, 1_000);`,
  );
  chmodSync(path, 0o755);
  const lines: string[] = [];
  const quick = quickClock(20);
  let starts = 0;
  const clock = {
    ...quick,
    after: (ms: number, run: () => void) => {
      starts += 1;
      return quick.after(ms, run);
    },
  };
  const program = new LineProgram([path], clock, (line) => lines.push(line));
  expect(await program.start()).toBe(true);
  await eventually(() => lines.length === 1);
  renameSync(path, `${path}.away`);
  process.kill(Number(lines[0]), 'SIGKILL');
  await eventually(() => starts >= 3);
  expect(program.isRunning).toBe(false);
  renameSync(`${path}.away`, path);
  await eventually(() => lines.length === 2);
  expect(program.isRunning).toBe(true);
  await program.close();
});

test('one that was never there is not asked for again', async () => {
  const program = new LineProgram([join(folder, 'nobody')], quickClock(20), () => undefined);
  expect(await program.start()).toBe(false);
  await program.close();
});
