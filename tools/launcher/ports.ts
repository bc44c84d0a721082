import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { randomInt } from 'node:crypto';
import { StartError } from './start-error.ts';

/** Below the range from which the system takes ports for outgoing connections. */
const INNER_PORTS = { from: 20_000, beyond: 32_000 } as const;
const ATTEMPTS = 50;
/** How far from its default a service may move when that is taken. */
const NEIGHBOURS = 20;

export interface ChosenPort {
  readonly port: number;
  /** Set when `port` is not the one that people expect. */
  readonly instead: number | null;
}

/** `wanted`, or the next free one above it. */
export async function choosePort(wanted: number, host: string): Promise<ChosenPort> {
  for (let port = wanted; port < wanted + NEIGHBOURS; port += 1) {
    if (await isFree(port, host)) return { port, instead: port === wanted ? null : wanted };
  }
  throw new StartError(`The ports ${wanted} to ${wanted + NEIGHBOURS - 1} are all taken.`);
}

/** A port that somebody asked for by number is used or refused, never exchanged. */
export async function requirePort(port: number, host: string): Promise<ChosenPort> {
  if (await isFree(port, host)) return { port, instead: null };
  throw new StartError(`Port ${port} on ${host} is taken by another program.`);
}

/** Ports for what only the services use among themselves, all different. */
export async function innerPorts(count: number): Promise<number[]> {
  const held: { port: number; server: Server }[] = [];
  try {
    for (let attempt = 0; held.length < count && attempt < count + ATTEMPTS; attempt += 1) {
      const port = randomInt(INNER_PORTS.from, INNER_PORTS.beyond);
      const server = await listen(port, '127.0.0.1');
      if (server !== null) held.push({ port, server });
    }
  } finally {
    await Promise.all(held.map(({ server }) => close(server)));
  }
  if (held.length < count) throw new StartError('There are not enough free ports on 127.0.0.1.');
  return held.map(({ port }) => port);
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = await listen(port, host);
  if (server === null) return false;
  await close(server);
  return true;
}

async function listen(port: number, host: string): Promise<Server | null> {
  const server = createServer();
  server.listen({ port, host, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return null;
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
