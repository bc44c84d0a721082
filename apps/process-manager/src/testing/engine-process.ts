import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { eventually } from '@baton/testing';
import { parseStat } from '../drivers/process-table.ts';

/** A port of this machine on which nobody listened just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What the engine answers, once it does. */
export function answer(url: string | null): Promise<string> {
  return eventually(async () => (await fetch(url ?? '', { headers: { connection: 'close' } })).text());
}

export async function pidAt(url: string | null): Promise<number> {
  return Number(await answer(url));
}

/** One that has ended and was not collected by its parent (which may be this machine's first process) is not alive. */
export function isAlive(pid: number): boolean {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.isZombie === false;
  } catch {
    return false;
  }
}
