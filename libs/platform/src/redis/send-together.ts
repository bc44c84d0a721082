import type { Redis } from 'ioredis';

/**
 * Commands that are sent in one go of the event loop leave in one write: ioredis makes one of each, and on a busy machine
 * every write gives the processor away to whoever it wakes. Nothing waits: the write is made when the running code, with
 * all that follows from it at once, has come to its end. Order and answers stay as they are.
 */
export function sendTogether(redis: Redis): void {
  const send = redis.sendCommand.bind(redis);
  let isHeld = false;
  redis.sendCommand = (command, stream) => {
    const socket = redis.stream as Redis['stream'] | undefined;
    if (!isHeld && socket !== undefined) {
      isHeld = true;
      socket.cork();
      process.nextTick(() => {
        isHeld = false;
        socket.uncork();
      });
    }
    return send(command, stream);
  };
}
