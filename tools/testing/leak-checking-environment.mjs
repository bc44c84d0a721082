/**
 * Jest's Node environment that fails a test file which leaves something behind: a server, a connection, a child
 * process or a timer that would have kept the process alive. Unref'ed timers and idle keep-alive sockets do not
 * count, they hold nobody back.
 */
import { TestEnvironment } from 'jest-environment-node';
import './compile-once.mjs';

const WATCHED = new Set([
  'TCPServerWrap',
  'TCPSocketWrap',
  'PipeWrap',
  'PipeServerWrap',
  'ProcessWrap',
  'UDPWrap',
  'Timeout',
]);
/**
 * Closing a socket or a child takes a few turns of the event loop, and redis-parser gives the buffer of a large answer back
 * in steps, by a timer, for some seconds. Who leaves nothing waits for nothing.
 */
const GRACE_MS = 5_000;
const POLL_MS = 20;

function count() {
  const counts = new Map();
  for (const type of process.getActiveResourcesInfo()) {
    if (WATCHED.has(type)) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}

export default class LeakCheckingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    // Node opens these at their first use, which would look like a leak of the first file that prints.
    void [process.stdout, process.stderr];
    this.before = count();
  }

  async teardown() {
    let left = this.leftBehind();
    for (const end = Date.now() + GRACE_MS; left.length > 0 && Date.now() < end; left = this.leftBehind()) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    await super.teardown();
    if (left.length > 0) throw new Error(`The test file left something open: ${left.join(', ')}.`);
  }

  leftBehind() {
    return [...count()]
      .map(([type, now]) => ({ type, extra: now - (this.before.get(type) ?? 0) }))
      .filter(({ extra }) => extra > 0)
      .map(({ type, extra }) => `${extra} × ${type}`);
  }
}
