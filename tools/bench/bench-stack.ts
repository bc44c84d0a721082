import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, untilItWorks } from '@baton/kernel';
import type { RunRecord } from '../launcher/data-folder.ts';
import { innerPorts } from '../launcher/ports.ts';
import { OwnedProcess } from '../servers/owned-process.ts';
import { descendantsOf } from './process-memory.ts';

const READY_TIMEOUT_MS = 90_000;
/** The launcher has deadlines of its own for everything that it stops. */
const STOP_GRACE_MS = 60_000;

/** As fast as the simulated engines go: what is measured is Baton. Times are then far below a millisecond. */
const FAST_OLLAMA = {
  settings: { tokensPerSecond: 1_000_000, promptTokensPerSecond: 10_000_000, loadMibPerSecond: 10_000_000 },
};

/** A whole Baton of the benchmark's own. */
export interface BenchStack {
  readonly run: RunRecord;
  readonly dataDir: string;
  /** Address of the Ollama itself, without the guard. */
  readonly ollamaUrl: string;
  /** The same of ComfyUI, which is always simulated. */
  readonly comfyuiUrl: string;
  readonly launcherPid: number;
  readonly readyMs: number;
}

export interface BenchStackOptions {
  /** Settings of the services, over those of the person who measures. */
  readonly env?: Readonly<Record<string, string>>;
  /** An Ollama of the figure's own instead of the simulated one. */
  readonly ollamaUrl?: string;
  /** `real`: simulated engines take the time that real ones would; `none` (the default): next to none. */
  readonly engineTime?: 'real' | 'none';
}

/** Starts a stack, runs `work` with it and ends everything, whatever happens. Needs Linux: engines are found in /proc. */
export async function withStack<T>(
  root: string,
  work: (stack: BenchStack) => Promise<T>,
  { env = {}, ollamaUrl, engineTime = 'none' }: BenchStackOptions = {},
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'baton-bench-'));
  const [port = 0] = await innerPorts(1);
  const startedAt = performance.now();
  const launcher = new OwnedProcess({
    name: 'Baton',
    command: [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(root, 'tools', 'launcher', 'main.ts'),
      ...['--data', dataDir, '--port', String(port)],
      ...(ollamaUrl === undefined ? ['--simulate'] : []),
    ],
    env: {
      ...process.env,
      // Settings of the person's own installation that would make this another measurement.
      REDIS_URL: '',
      DB_USE_MYSQL: 'false',
      REQUESTS_PER_MINUTE: '1000000',
      // The same question is asked again and again, and nothing but its answer is measured.
      ENABLE_CACHING: 'false',
      CHAT_TITLES: 'false',
      ...(ollamaUrl === undefined ? {} : { OLLAMA_URL: ollamaUrl, COMFYUI_URL: '', COMFYUI_MODE: '' }),
      ...env,
    },
    graceMs: STOP_GRACE_MS,
  });
  try {
    await launcher.waitForLine(/Baton is ready/, READY_TIMEOUT_MS);
    const readyMs = performance.now() - startedAt;
    const run = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as RunRecord;
    const engine = ollamaUrl ?? engineUrl(run, 'ollama');
    if (ollamaUrl === undefined && engineTime === 'none')
      await untilItAnswers(() => changeSimulator(engine, FAST_OLLAMA));
    const comfyuiUrl = engineUrl(run, 'comfyui');
    return await work({ run, dataDir, ollamaUrl: engine, comfyuiUrl, launcherPid: run.pid, readyMs });
  } finally {
    await launcher.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Baton is ready before its engines are: their start is waited for by whoever needs them. */
async function untilItAnswers(work: () => Promise<void>): Promise<void> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  const pauses = { firstPauseMs: 50, longestPauseMs: 400 };
  await untilItWorks(work, { clock: systemClock, signal, onOutage: () => undefined, ...pauses });
}

/** The process-manager tells nobody where its engines listen; their command lines do. */
function engineUrl(run: RunRecord, engine: string): string {
  const manager = run.services['process-manager']?.pid ?? 0;
  for (const { command } of descendantsOf(manager)) {
    const port = command[command.indexOf('--port') + 1];
    if (command.includes(engine) && command.includes('--port') && port !== undefined) {
      return `http://127.0.0.1:${port}`;
    }
  }
  throw new Error(`the process-manager runs no ${engine}`);
}

/** Speeds, sizes and faults of a simulated engine or of the card, in the shape of its `PUT /__control`. */
export async function changeSimulator(url: string, change: unknown): Promise<void> {
  const response = await fetch(`${url}/__control`, { method: 'PUT', body: JSON.stringify(change) });
  if (!response.ok) throw new Error(`a simulator refused its settings: ${await response.text()}`);
  await response.arrayBuffer();
}
