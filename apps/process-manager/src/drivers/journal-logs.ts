import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AppError } from '@baton/kernel';
import { z } from 'zod';
import type { EngineLogs, LogLine, LogQuery } from '../core/engine-driver.ts';
import { splitLines } from './timestamped-lines.ts';

export interface JournalSettings {
  readonly engine: string;
  readonly unit: string;
  readonly scope: 'system' | 'user';
  readonly journalctl: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * One entry of `journalctl --output=json`: numbers are text, and a message that is no UTF-8 is a list of bytes. Some have
 * none; a long one would be left out without `--all`.
 */
const entry = z.object({
  __REALTIME_TIMESTAMP: z.string(),
  MESSAGE: z.union([z.string(), z.array(z.int().min(0).max(255))]).nullish(),
});

/** What a unit prints, out of the journal; the pipe keeps `journalctl` at the reader's pace. */
export class JournalLogs implements EngineLogs {
  private readonly settings: JournalSettings;

  constructor(settings: JournalSettings) {
    this.settings = settings;
  }

  async *read({ lines, follows, signal }: LogQuery): AsyncGenerator<LogLine> {
    const { journalctl, scope, unit, environment, engine } = this.settings;
    if (signal.aborted) return;
    const unitOption = scope === 'user' ? '--user-unit' : '--unit';
    const args = [unitOption, unit, '--output=json', '--all', '--no-pager', '--quiet', `--lines=${lines}`];
    const child = spawn(journalctl, follows ? [...args, '--follow'] : args, {
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const left = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', left, { once: true });
    try {
      await once(child, 'spawn');
      for await (const text of splitLines(child.stdout)) yield toLine(text);
      const [code] = await ended;
      if (code !== 0 && code !== null) throw new AppError('engine.unavailable', { engine, unit, code });
    } catch (cause) {
      throw new AppError('engine.unavailable', { engine, unit }, { cause });
    } finally {
      signal.removeEventListener('abort', left);
      left();
      await ended.catch(() => undefined);
    }
  }
}

function toLine(text: string): LogLine {
  const { __REALTIME_TIMESTAMP: micros, MESSAGE: message } = entry.parse(JSON.parse(text));
  const said = Array.isArray(message) ? Buffer.from(message).toString() : (message ?? '');
  return { atMs: Math.floor(Number(micros) / 1_000), text: said };
}
