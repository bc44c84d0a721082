import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SIMULATOR = join(import.meta.dirname, '..', '..', '..', 'engine-simulator', 'src', 'main.ts');

/** An Ollama as a process of its own, with the simulator's word for what it holds. */
export class SimulatedOllama {
  readonly url: string;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
  }

  /** @param speed simulated milliseconds in a real one */
  static async start(speed: number): Promise<SimulatedOllama> {
    const control = JSON.stringify({ speed });
    const child = spawn(process.execPath, [SIMULATOR, 'ollama', '--port', '0', '--control', control], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return new SimulatedOllama(child, (JSON.parse(line) as { listening: string }).listening);
  }

  async control(change: object): Promise<void> {
    const { status, text } = await this.ask('PUT', '/__control', change);
    if (status !== 200) throw new Error(text);
  }

  async installed(): Promise<string[]> {
    return namesIn((await this.ask('GET', '/api/tags')).text);
  }

  async loaded(): Promise<string[]> {
    return namesIn((await this.ask('GET', '/api/ps')).text);
  }

  async ask(method: string, path: string, body?: object): Promise<{ status: number; text: string }> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
  }
}

function namesIn(text: string): string[] {
  return (JSON.parse(text) as { models: { name: string }[] }).models.map(({ name }) => name);
}
