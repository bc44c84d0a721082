import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '@baton/testing';
import { startCard } from '../card/start.ts';
import type { RunningRole } from '../options.ts';
import { FrameLog } from './traces/tried-server.ts';

/** The program as a process: how it starts, and the two ways in which it ends. */

const MAIN = join(import.meta.dirname, '..', 'main.ts');

let dataDir: string;
let card: RunningRole;
let child: ChildProcess | null = null;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'baton-comfyui-'));
  card = await startCard({ host: '127.0.0.1', port: 0, totalMib: 24_576 });
});

afterEach(async () => {
  if (child !== null && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  child = null;
  await card.close();
  await rm(dataDir, { recursive: true, force: true });
});

function launch(...flags: string[]): ChildProcess {
  const args = [MAIN, 'comfyui', '--port', '0', '--data-dir', dataDir, '--card', card.url, ...flags];
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  return child;
}

async function ready(process: ChildProcess): Promise<string> {
  if (process.stdout === null) throw new Error('no output to read');
  for await (const line of createInterface(process.stdout)) {
    const { listening } = JSON.parse(line) as { listening: string };
    return listening;
  }
  throw new Error('the program ended before it listened');
}

async function usedMib(): Promise<number> {
  const response = await fetch(new URL('/card', card.url), { headers: { connection: 'close' } });
  return ((await response.json()) as { usedMib: number }).usedMib;
}

test('SIGTERM kills at once: no close frame, temp stays, the card gets its memory back', async () => {
  const process = launch();
  const log = await new FrameLog(await ready(process), 'me').connected();
  expect(await usedMib()).toBeGreaterThan(0);
  await writeFile(join(dataDir, 'temp', 'left.png'), '');
  const exited = once(process, 'exit');
  process.kill('SIGTERM');
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(await log.closed).toBe(1_006);
  expect(await readdir(join(dataDir, 'temp'))).toEqual(['left.png']);
  await eventually(async () => (await usedMib()) === 0);
});

test('SIGINT is a clean stop: temp is cleared, the exit code is 0', async () => {
  const process = launch();
  const log = await new FrameLog(await ready(process), 'me').connected();
  const exited = once(process, 'exit');
  process.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  await log.closed;
  expect(await readdir(dataDir)).not.toContain('temp');
});

test('a port that is taken ends the program with exit code 1', async () => {
  const taken = new URL(card.url).port;
  const process = launch('--port', taken);
  expect(await once(process, 'exit')).toEqual([1, null]);
});
