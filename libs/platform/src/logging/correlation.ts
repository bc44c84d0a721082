import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const storage = new AsyncLocalStorage<string>();

/** The id that ties together what one request caused: across HTTP, calls and GPU jobs. Outside of any, a new one. */
export function correlationId(): string {
  return storage.getStore() ?? randomUUID();
}

export function currentCorrelationId(): string | undefined {
  return storage.getStore();
}

export function runWithCorrelation<T>(id: string, work: () => T): T {
  return storage.run(id, work);
}

/** Takes over an id from outside only when it is harmless to write into a log. */
export function acceptCorrelationId(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{8,64}$/.test(value) ? value : randomUUID();
}
