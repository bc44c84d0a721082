import { AppError } from '@baton/kernel';
import { QueryFailedError, type DataSource, type EntityManager } from 'typeorm';

const turns = new WeakMap<DataSource, Turns>();

/**
 * Runs `work` in one transaction; every write goes through here, lone statements too. A service has one SQLite
 * connection for everybody: a statement that comes in between would become part of the open transaction and be lost
 * with its rollback. So with SQLite writers take turns, a few in each turn of the event loop: its driver does not wait but
 * works, and when a crowd ends together heartbeats have to go on. With MySQL each writer has a connection of its own.
 *
 * @throws what `work` throws; a failing database as `store.unavailable`
 */
export function write<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  const run = (): Promise<T> => translated(() => source.transaction(work));
  if (source.options.type !== 'better-sqlite3') return run();
  const own = turns.get(source) ?? new Turns();
  turns.set(source, own);
  return own.take(run);
}

/** What writers may take of one turn of the event loop, in milliseconds; the one that goes beyond it is the last. */
const WRITERS_MS = 10;

class Turns {
  private last: Promise<unknown> = Promise.resolve();
  /** When the first writer of this turn of the event loop began; null when there was none yet. */
  private since: number | null = null;

  take<T>(run: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => this.room()).then(run);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Resolves at once while writers have time left in this turn of the event loop, else in the next one. */
  private async room(): Promise<void> {
    if (this.since !== null && performance.now() - this.since >= WRITERS_MS) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.since !== null) return;
    this.since = performance.now();
    setImmediate(() => {
      this.since = null;
    });
  }
}

/** Runs queries that change nothing. @throws a failing database as `store.unavailable` */
export function read<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return translated(() => work(source.manager));
}

/** The driver's own error carries the values of the statement, which are people's words: only its message goes on. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (!(error instanceof QueryFailedError) && !hasCode(error)) throw error;
    const driver: unknown = error instanceof QueryFailedError ? error.driverError : error;
    const code = hasCode(driver) ? driver.code : 'unknown';
    throw new AppError('store.unavailable', { driver: code }, { cause: new Error(messageOf(driver)) });
  }
}

function hasCode(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}

function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage ? String(error.message) : 'the database refused a statement';
}
