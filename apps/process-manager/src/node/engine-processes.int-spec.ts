import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { RUN_VARIABLE } from '../drivers/engine-runs.store.ts';
import { Programs } from '../testing/programs.ts';
import { EngineProcesses } from './engine-processes.ts';
import { parseSockets } from './listeners-of-port.ts';

const programs = new Programs();
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(() => programs.remove());

/** Listens, starts a child that does not, and says both pids and the port. */
const ENGINE = `
  import { spawn } from 'node:child_process';
  import { createServer } from 'node:http';
  const child = spawn(process.execPath, ['-e', 'process.on("disconnect", () => process.exit()); setInterval(() => 1, 1e3)'],
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const server = createServer().listen(0, '127.0.0.1', () =>
    console.log(JSON.stringify({ pid: process.pid, child: child.pid, port: server.address().port })));
`;

async function start(environment: Record<string, string> = {}) {
  const [program = '', path = ''] = programs.command('engine', ENGINE);
  const process_ = spawn(program, [path], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...environment },
  });
  children.push(process_);
  const [line] = (await once(createInterface({ input: process_.stdout }), 'line')) as [string];
  return JSON.parse(line) as { pid: number; child: number; port: number };
}

const onLinux = process.platform === 'linux' ? test : test.skip;

describe('whose process it is', () => {
  onLinux(
    'an engine is whoever listens at its address, with all that it has started; others are strangers',
    async () => {
      const [engine, other] = [await start(), await start()];
      const processes = new EngineProcesses(() => [
        { engine: 'ollama', url: `http://127.0.0.1:${engine.port}` },
      ]);
      const strangers = await processes.strangers([engine.pid, engine.child, other.pid, other.child]);
      expect(strangers).toEqual(new Set([other.pid, other.child]));
    },
  );

  onLinux(
    'what carries our mark is ours although nothing listens, and what has ended is nobody',
    async () => {
      const marked = await start({ [RUN_VARIABLE]: 'some-run' });
      const ended = children[children.length - 1];
      const processes = new EngineProcesses(() => []);
      expect(await processes.strangers([marked.pid, marked.child])).toEqual(new Set());
      ended?.kill('SIGKILL');
      if (ended !== undefined) await once(ended, 'exit');
      expect(await processes.strangers([marked.pid])).toEqual(new Set());
      expect(await processes.strangers([process.pid])).toEqual(new Set([process.pid]));
    },
  );

  onLinux('an engine that was started anew at the same address is found again', async () => {
    const first = await start();
    const address = { engine: 'ollama' as const, url: `http://127.0.0.1:${first.port}` };
    const processes = new EngineProcesses(() => [address]);
    expect(await processes.strangers([first.pid])).toEqual(new Set());
    const second = await start();
    address.url = `http://127.0.0.1:${second.port}`;
    expect(await processes.strangers([second.pid, first.pid])).toEqual(new Set([first.pid]));
  });
});

test("the kernel's table of sockets tells who listens on a port, in both families", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        0 22601 1 0000000000000000
   1: 0100007F:2CAA 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   998        0 22777 1 0000000000000000
   2: 00000000000000000000000000000000:1FFC 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 31 1 0
`;
  expect(parseSockets(table, 11_434)).toEqual([{ inode: '22601', userId: 998 }]);
  expect(parseSockets(table, 8_188)).toEqual([{ inode: '31', userId: 1_000 }]);
  expect(parseSockets(table, 80)).toEqual([]);
});
