import { request } from 'undici';
import { AppError, pause, type Clock } from '@baton/kernel';
import type { EngineDriver } from '../core/engine-driver.ts';
import { isListening } from './listening-port.ts';
import { saysRunning } from './external-status.ts';

export interface ExternalSettings {
  readonly engine: 'ollama' | 'comfyui';
  readonly url: string;
  /** Of the process manager, without a slash at its end. */
  readonly apiUrl: string;
  readonly token: string | null;
  /** `PROCESS_SWITCH_TIMEOUT`: a switch, from the request until the manager has done it. */
  readonly switchMs: number;
  /** `PROCESS_RESTORE_ON_RELEASE`: an engine is ended by asking for the other one. */
  readonly restores: boolean;
}

const STATUS_MS = 5_000;
const POLL_MS = 200;
/** Our own end has a deadline of 8 s; the manager goes on by itself. */
const CLOSE_MS = 4_000;

/**
 * The engine under a process manager of somebody else's, which can only switch from one engine to the other and say
 * which one runs. So to stop an engine is to ask for the other; ends are seen by asking the engine, not by being told.
 */
export class ExternalDriver implements EngineDriver {
  readonly kind = 'external';
  readonly logs = null;
  private readonly settings: ExternalSettings;
  private readonly clock: Clock;

  constructor(settings: ExternalSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
  }

  get url(): string {
    return this.settings.url;
  }

  get canStop(): boolean {
    return this.settings.restores;
  }

  async adopt(): Promise<boolean> {
    return (await isListening(this.url)) && (await this.isRunning()) !== false;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { engine } = this.settings;
    if (await this.adopt()) return;
    try {
      await this.switchTo(engine, signal);
      await this.until(async () => (await this.isRunning()) !== false, signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new AppError('engine.start_failed', { engine, by: 'the external process manager' }, { cause });
    }
  }

  async stop(): Promise<void> {
    const { engine, restores } = this.settings;
    if (!restores || !(await isListening(this.url))) return;
    try {
      await this.switchTo(engine === 'ollama' ? 'comfyui' : 'ollama');
      await this.until(async () => !(await isListening(this.url)));
    } catch (cause) {
      throw new AppError('engine.failed', { engine, by: 'the external process manager' }, { cause });
    }
  }

  endWorkers(): Promise<number> {
    return Promise.resolve(0);
  }

  onExit(): () => void {
    return () => undefined;
  }

  /** Leaves the machine as it was found: with Ollama. Nobody is there any more to hear that it did not work. */
  async close(): Promise<void> {
    const { engine, restores } = this.settings;
    if (engine !== 'comfyui' || !restores || !(await isListening(this.url))) return;
    await this.switchTo('ollama', AbortSignal.timeout(CLOSE_MS)).catch(() => undefined);
  }

  private async switchTo(service: string, signal?: AbortSignal): Promise<void> {
    const { switchMs } = this.settings;
    const status = await this.ask('POST', `/api/process/switch?service=${service}`, switchMs, signal);
    if (status.code < 200 || status.code > 299) throw new AppError('engine.failed', { status: status.code });
  }

  /** Null when the manager does not say so in a way that we know. */
  private async isRunning(): Promise<boolean | null> {
    try {
      const { code, text } = await this.ask('GET', '/api/process/status', STATUS_MS);
      return code === 200 ? saysRunning(JSON.parse(text), this.settings.engine) : null;
    } catch {
      return null;
    }
  }

  private async until(isSo: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
    const deadline = this.clock.monotonic() + this.settings.switchMs;
    while (!(await isSo())) {
      if (this.clock.monotonic() > deadline) throw new AppError('engine.failed', { cause: 'not in time' });
      await pause(this.clock, POLL_MS, signal);
    }
  }

  private async ask(method: 'GET' | 'POST', path: string, limitMs: number, signal?: AbortSignal) {
    const { apiUrl, token } = this.settings;
    const late = AbortSignal.timeout(limitMs);
    const response = await request(`${apiUrl}${path}`, {
      method,
      // Asked so seldom that a connection kept open would only go stale.
      reset: true,
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    return { code: response.statusCode, text: await response.body.text() };
  }
}
