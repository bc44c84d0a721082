import { randomInt } from 'node:crypto';

/** Below Linux's ephemeral range (from 32768), so that an outgoing connection never sits on a chosen port. */
const LOWEST = 20_000;
const BEYOND = 32_000;
const ATTEMPTS = 8;
const TAKEN = /address already in use|EADDRINUSE|port is already allocated|bind on TCP\/IP port/i;

/**
 * For servers that cannot choose a free port themselves: tries random ones until `start` succeeds. Only a failure
 * that says "address in use" is tried again.
 */
export async function onLoopbackPort<T>(start: (port: number) => Promise<T>, pick = randomPort): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(pick());
    } catch (error) {
      if (attempt >= ATTEMPTS || !(error instanceof Error) || !TAKEN.test(error.message)) throw error;
    }
  }
}

function randomPort(): number {
  return randomInt(LOWEST, BEYOND);
}
