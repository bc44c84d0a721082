import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '@baton/testing';

/** The program itself: Node runs its TypeScript as it stands. */
const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));
const FAST = ['--port', '0', '--control', '{"speed":100}'];

interface Program {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly exited: Promise<{ code: number | null; output: string }>;
}

/** Each test starts programs, on cores that other tests use too. */
jest.setTimeout(30_000);

let started: ChildProcess[] = [];
let strays: number[] = [];
let card: Program;
beforeAll(async () => {
  card = await start(['card', ...FAST]);
  started = [];
});
afterEach(async () => {
  for (const pid of strays) killQuietly(pid);
  await Promise.all(started.map((child) => stop(child)));
  strays = [];
  started = [];
  await eventually(async () => (await onCard()).usedMib === 0);
});
afterAll(() => stop(card.process));

function launch(args: string[]): { child: ChildProcess; exited: Program['exited'] } {
  // Its own group, as a process manager starts it, so that the whole group can be signalled.
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const exited = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, output }));
  });
  return { child, exited };
}

async function start(args: string[]): Promise<Program> {
  const { child, exited } = launch(args);
  if (!child.stdout || child.pid === undefined) throw new Error('not spawned');
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    void exited.then(({ output }) => reject(new Error(output)));
  });
  const said = JSON.parse(line) as { listening: string; role: string };
  expect(said.role).toBe(args[0]);
  return { process: child, pid: child.pid, url: said.listening, exited };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // The group: a model may live in a child of its own.
  if (child.pid !== undefined) killQuietly(-child.pid);
  await gone;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (cause) {
    // Gone already is as good. Not `instanceof`: Node's errors are not of the realm that Jest runs tests in.
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

interface OnCard {
  readonly pid: number;
  readonly label: string;
  readonly isAlive: boolean;
}

async function onCard(): Promise<{ usedMib: number; processes: OnCard[] }> {
  return (await fetch(`${card.url}/card`)).json() as ReturnType<typeof onCard>;
}

const startOllama = (): Promise<Program> => start(['ollama', ...FAST, '--card', card.url]);

function post(program: Program, path: string, body: object): Promise<Response> {
  return fetch(program.url + path, { method: 'POST', body: JSON.stringify(body) });
}

async function load(program: Program, keepAlive = '5m'): Promise<void> {
  expect((await post(program, '/api/generate', { model: 'phi3', keep_alive: keepAlive })).status).toBe(200);
}

async function control(program: Program, change: object): Promise<void> {
  const response = await fetch(`${program.url}/__control`, { method: 'PUT', body: JSON.stringify(change) });
  expect(response.status).toBe(200);
}

/** Loads in a process of its own and gives that process's id. */
async function loadInChild(program: Program): Promise<number> {
  await control(program, { faults: { orphan: true } });
  await load(program);
  const child = (await onCard()).processes.find(({ label }) => label === 'phi3:latest');
  if (!child) throw new Error('the model is not on the card');
  strays.push(child.pid);
  expect(child.pid).not.toBe(program.pid);
  return child.pid;
}

describe('the program', () => {
  test('says what is wrong and exits: no role, a card that does not answer', async () => {
    expect(await launch([]).exited).toMatchObject({ code: 2, output: expect.stringContaining('--help') });
    expect(await launch(['--help']).exited).toMatchObject({
      code: 0,
      output: expect.stringContaining('SIM_PORT'),
    });
    const lost = await launch(['ollama', '--port', '0', '--card', 'http://127.0.0.1:9']).exited;
    expect(lost).toMatchObject({ code: 1, output: expect.stringContaining('The ollama did not start') });
  });

  test('ends on SIGTERM, cutting its streams, with its memory given back', async () => {
    const ollama = await startOllama();
    await control(ollama, { settings: { tokensPerSecond: 1, minReplyTokens: 5_000 } });
    const response = await post(ollama, '/api/chat', {
      model: 'phi3',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    const cut = expect(response.text()).rejects.toThrow();
    ollama.process.kill('SIGTERM');
    await cut;
    expect((await ollama.exited).code).toBe(0);
    await eventually(async () => (await onCard()).usedMib === 0);
  });
});

describe('SIGKILL', () => {
  test('gives the memory back, as models are played by the program itself', async () => {
    const ollama = await startOllama();
    await load(ollama);
    expect((await onCard()).processes).toContainEqual(
      expect.objectContaining({ pid: ollama.pid, label: 'phi3:latest' }),
    );
    ollama.process.kill('SIGKILL');
    await eventually(async () => (await onCard()).usedMib === 0);
  });

  test('leaves an orphan with the memory under the fault, until that one is killed too', async () => {
    const ollama = await startOllama();
    const child = await loadInChild(ollama);
    const { usedMib } = await onCard();
    ollama.process.kill('SIGKILL');
    await ollama.exited;
    expect(await onCard()).toMatchObject({ usedMib, processes: [{ pid: child, isAlive: true }] });
    if (process.platform === 'linux') {
      expect((await readFile(`/proc/${child}/comm`, 'utf8')).trim()).toBe('llama-server');
    }
    process.kill(child, 'SIGKILL');
    await eventually(async () => (await onCard()).usedMib === 0);
  });

  test('to the whole group leaves nothing', async () => {
    const ollama = await startOllama();
    await loadInChild(ollama);
    process.kill(-ollama.pid, 'SIGKILL');
    await eventually(async () => (await onCard()).usedMib === 0);
  });

  test('by the crash control is the same', async () => {
    const ollama = await startOllama();
    await load(ollama);
    await control(ollama, { crash: 'now' });
    expect((await ollama.exited).code).toBeNull();
    await eventually(async () => (await onCard()).usedMib === 0);
  });
});

describe('a child of its own', () => {
  test('ends with SIGTERM of its parent, and with an unload', async () => {
    const ollama = await startOllama();
    await loadInChild(ollama);
    await post(ollama, '/api/generate', { model: 'phi3', keep_alive: 0 });
    await eventually(async () => (await onCard()).usedMib === 0);
    await loadInChild(ollama);
    ollama.process.kill('SIGTERM');
    expect((await ollama.exited).code).toBe(0);
    await eventually(async () => (await onCard()).usedMib === 0);
  });

  test('that hangs in Stopping is cured by killing it, and only it', async () => {
    const ollama = await startOllama();
    const child = await loadInChild(ollama);
    await control(ollama, { faults: { unloadHangs: { times: 1 } } });
    await post(ollama, '/api/generate', { model: 'phi3', keep_alive: 0 });
    const behind = post(ollama, '/api/generate', { model: 'phi3' });
    process.kill(child, 'SIGKILL');
    expect((await behind).status).toBe(200);
  });
});
