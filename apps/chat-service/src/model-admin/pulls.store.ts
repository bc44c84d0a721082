import { pull, type Pull } from '@baton/contracts';
import { RedisConnections } from '@baton/platform';
import { Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { modelKey } from '../models/model-name.ts';
import { pullKeys } from './keys.ts';

const storedPull = z.object({ version: z.literal(1), pull, endedAtMs: z.int().nullable() });

/** How long a download that has ended stays in the list, and how many do at most. */
const KEPT_MS = 86_400_000;
const KEPT = 50;
const CANCEL_TTL_MS = 86_400_000;
/** A process that was killed gives up its downloads after so long; it renews several times in this time. */
export const RUNNER_TTL_MS = 10_000;

/** Downloads in Redis: they outlive the process that carries them out, and every process of this service sees them. */
@Injectable()
export class PullsStore {
  private readonly redis: Redis;

  constructor(redis: RedisConnections) {
    this.redis = redis.shared;
  }

  /** Stores a new download, unless one of that model is under way there: then that one is given, and nothing is stored. */
  async begin(fresh: Pull): Promise<{ readonly pull: Pull; readonly isNew: boolean }> {
    const field = fieldOf(fresh);
    await this.keep(fresh, null);
    if ((await this.redis.hsetnx(pullKeys.underWay, field, fresh.id)) === 1)
      return { pull: fresh, isNew: true };
    const id = (await this.redis.hget(pullKeys.underWay, field)) ?? '';
    const known = await this.find(id);
    if (known?.state === 'running') {
      await this.redis.hdel(pullKeys.all, fresh.id);
      return { pull: known, isNew: false };
    }
    // Its process died between the two writes of its end.
    await this.redis.hset(pullKeys.underWay, field, fresh.id);
    return { pull: fresh, isNew: true };
  }

  async keep(state: Pull, endedAtMs: number | null): Promise<void> {
    await this.redis.hset(pullKeys.all, state.id, JSON.stringify({ version: 1, pull: state, endedAtMs }));
  }

  /** Its last state; the model may be downloaded anew from now on. */
  async end(state: Pull, endedAtMs: number): Promise<void> {
    await this.keep(state, endedAtMs);
    if ((await this.redis.hget(pullKeys.underWay, fieldOf(state))) === state.id) {
      await this.redis.hdel(pullKeys.underWay, fieldOf(state));
    }
    await this.redis.del(pullKeys.runner(state.id), pullKeys.cancel(state.id));
  }

  async find(pullId: string): Promise<Pull | null> {
    return read(await this.redis.hget(pullKeys.all, pullId))?.pull ?? null;
  }

  /** Newest first. What has been over for long is forgotten on the way. */
  async list(nowMs: number): Promise<Pull[]> {
    const stored = Object.entries(await this.redis.hgetall(pullKeys.all)).map(([id, text]) => ({
      id,
      entry: read(text),
    }));
    const newestFirst = stored.sort((a, b) => startOf(b.entry) - startOf(a.entry));
    const gone = newestFirst.filter(({ entry }, index) => {
      if (entry === null) return true;
      return entry.endedAtMs !== null && (index >= KEPT || nowMs - entry.endedAtMs > KEPT_MS);
    });
    if (gone.length > 0) await this.redis.hdel(pullKeys.all, ...gone.map(({ id }) => id));
    const goneIds = new Set(gone.map(({ id }) => id));
    return newestFirst.flatMap(({ id, entry }) => (entry === null || goneIds.has(id) ? [] : [entry.pull]));
  }

  /** False when another process carries it out. */
  async claim(pullId: string, runner: string): Promise<boolean> {
    return (await this.redis.set(pullKeys.runner(pullId), runner, 'PX', RUNNER_TTL_MS, 'NX')) === 'OK';
  }

  /** False when the claim was lost meanwhile: another process goes on with it. */
  async renew(pullId: string, runner: string): Promise<boolean> {
    if ((await this.redis.get(pullKeys.runner(pullId))) !== runner) return false;
    return (await this.redis.pexpire(pullKeys.runner(pullId), RUNNER_TTL_MS)) === 1;
  }

  async release(pullId: string, runner: string): Promise<void> {
    if ((await this.redis.get(pullKeys.runner(pullId))) === runner) {
      await this.redis.del(pullKeys.runner(pullId));
    }
  }

  async askToCancel(pullId: string): Promise<void> {
    await this.redis.set(pullKeys.cancel(pullId), '1', 'PX', CANCEL_TTL_MS);
  }

  async isToBeCancelled(pullId: string): Promise<boolean> {
    return (await this.redis.exists(pullKeys.cancel(pullId))) === 1;
  }
}

function fieldOf({ server, model }: Pull): string {
  return `${server} ${modelKey(model)}`;
}

function startOf(entry: z.output<typeof storedPull> | null): number {
  return entry === null ? 0 : Date.parse(entry.pull.started_at);
}

function read(text: string | null): z.output<typeof storedPull> | null {
  try {
    return storedPull.parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}
