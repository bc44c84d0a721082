import { AsyncLocalStorage } from 'node:async_hooks';
import type { Redis } from 'ioredis';

type Command = (args: readonly unknown[]) => Promise<unknown>;

interface Follower {
  send: (() => Promise<void>) | null;
  sent: Promise<void>;
}

/**
 * Sends a command of ours right behind one of BullMQ's scripts, on its connection. BullMQ does a few things before its
 * command leaves, so whoever calls it cannot know when that is; only its connection does.
 */
export class FollowedCommand {
  private readonly followers = new AsyncLocalStorage<Follower>();

  /** To be called before BullMQ gets the connection. `script`: how BullMQ's name of the command begins. */
  constructor(redis: Redis, script: string) {
    const define = redis.defineCommand.bind(redis);
    redis.defineCommand = (name, definition) => {
      define(name, definition);
      if (!name.startsWith(script)) return;
      const commands = redis as unknown as Record<string, Command>;
      const run = commands[name]?.bind(redis);
      if (run === undefined) throw new Error(`${name} was not defined`);
      commands[name] = (args) => {
        // Both in one write. Not there yet: the commands wait for the connection, in this order.
        const socket = redis.stream as Redis['stream'] | undefined;
        socket?.cork();
        try {
          const answer = run(args);
          this.follow();
          return answer;
        } finally {
          socket?.uncork();
        }
      };
    };
  }

  /** Resolves when both have been answered. A script that was never run (BullMQ chose another) is followed in the end. */
  async followedBy(follower: () => Promise<void>, act: () => Promise<unknown>): Promise<void> {
    const waiting: Follower = { send: follower, sent: Promise.resolve() };
    await this.followers.run(waiting, act);
    this.followers.run(waiting, () => this.follow());
    await waiting.sent;
  }

  private follow(): void {
    const waiting = this.followers.getStore();
    if (waiting?.send == null) return;
    waiting.sent = waiting.send();
    // Told to whoever awaits it, after the script's own answer.
    waiting.sent.catch(() => undefined);
    waiting.send = null;
  }
}
