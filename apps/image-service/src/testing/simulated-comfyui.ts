import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '../../../engine-simulator/dist/main.js');

/** The simulator's ComfyUI as a process of its own, as `npm start` runs it. */
export class SimulatedComfyui {
  readonly url: string;
  private readonly child: ChildProcess;
  private readonly folder: string;

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.child = child;
    this.folder = folder;
  }

  static async start(): Promise<SimulatedComfyui> {
    if (!existsSync(PROGRAM))
      throw new Error('The simulator is not built: run `npx nx build engine-simulator`.');
    const folder = await mkdtemp(join(tmpdir(), 'simulated-comfyui-'));
    const flags = ['--port', '0', '--data-dir', folder, '--control', '{"speed":20}'];
    const child = spawn(process.execPath, [PROGRAM, 'comfyui', ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    for await (const line of createInterface(child.stdout)) {
      const { listening } = JSON.parse(line) as { listening: string };
      return new SimulatedComfyui(listening, child, folder);
    }
    throw new Error('the simulator ended before it listened');
  }

  async control(change: object): Promise<void> {
    const response = await fetch(`${this.url}/__control`, {
      method: 'PUT',
      headers: { connection: 'close' },
      body: JSON.stringify(change),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async post(path: string, body: object): Promise<void> {
    const request = { method: 'POST', headers: { connection: 'close' }, body: JSON.stringify(body) };
    await (await fetch(this.url + path, request)).arrayBuffer();
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
