import { pullLogKey, type Pull } from '@baton/contracts';
import { AppError, codeOf, pause, type Clock } from '@baton/kernel';
import type { Log, ReplyLog, ReplyLogWriter } from '@baton/platform';
import { LineCutter } from '../engines/ndjson.ts';
import type { ChosenServer } from './model-keepers.service.ts';
import { PullTally } from './pull-progress.ts';
import type { PullsStore } from './pulls.store.ts';

export interface PullRunParts {
  readonly store: PullsStore;
  readonly logs: Pick<ReplyLogWriter, 'resume'>;
  readonly server: ChosenServer;
  readonly clock: Clock;
  readonly log: Log;
  /** Names this process to the others. */
  readonly runner: string;
}

/** A look whether somebody wants it to end, and a word that we are alive: well within the time of a claim. */
const HEARTBEAT_MS = 1_000;
/** Ollama tells many times a second how far it is. */
const TELL_MS = 250;
/** Connections that break in a row without a byte more: then it is not the connection. */
const MAX_CUTS = 5;
const FIRST_PAUSE_MS = 1_000;

/** Why a download under way is left. `closing`: the next process goes on with it. */
export type LeaveReason = 'cancelled' | 'closing';

/**
 * Carries one download out, from wherever an earlier process left it, to its end. A connection that breaks is opened again,
 * since Ollama goes on where it was; an error that Ollama tells is the end.
 */
export class PullRun {
  private readonly parts: PullRunParts;
  private readonly leaving = new AbortController();
  /** Over all connections: what is there already is told again by the next one, a little later. */
  private readonly tally = new PullTally();
  private state: Pull;
  private toldAtMs = Number.NEGATIVE_INFINITY;
  private cancelBeat: () => void = () => undefined;

  constructor(state: Pull, parts: PullRunParts) {
    this.state = state;
    this.parts = parts;
  }

  leave(why: LeaveReason): void {
    this.leaving.abort(why);
  }

  /** Resolves when it has ended, or was left to the next process. Never rejects. */
  async run(): Promise<void> {
    const { store, logs, clock, log, server, runner } = this.parts;
    const { id, model } = this.state;
    const startedAt = clock.monotonic();
    try {
      const events = await logs.resume(pullLogKey(id));
      this.beat();
      const failure = await this.untilOver(events);
      if (failure === 'closing') {
        await events.flush();
        await store.release(id, runner);
        return;
      }
      await this.end(events, failure);
      const ms = Math.round(clock.monotonic() - startedAt);
      const { state: outcome, completed_bytes: bytes } = this.state;
      const fields = { pullId: id, server: server.server, model, outcome, bytes, ms };
      if (failure instanceof Error) log.error('model.pull', failure, fields);
      else log.event('model.pull', fields);
      await server.look();
    } catch (error) {
      // Redis is away, or its log has another writer: whoever finds it without a runner goes on.
      log.error('model.pull', error, { pullId: id, server: server.server, model, outcome: 'left' });
    } finally {
      // A look that is under way plans no other one.
      this.leave('closing');
      this.cancelBeat();
    }
  }

  /** Null when the model is there, else why it is not. */
  private async untilOver(events: ReplyLog): Promise<Error | LeaveReason | null> {
    const { clock } = this.parts;
    const { signal } = this.leaving;
    for (let cuts = 0; ;) {
      const before = this.state.completed_bytes;
      const failure = await this.once(events);
      if (failure === null) return null;
      if (signal.aborted) return signal.reason as LeaveReason;
      cuts = this.state.completed_bytes > before ? 1 : cuts + 1;
      if (!isCut(failure) || cuts > MAX_CUTS) return failure;
      try {
        await pause(clock, FIRST_PAUSE_MS * 2 ** (cuts - 1), signal);
      } catch {
        return signal.reason as LeaveReason;
      }
    }
  }

  private async once(events: ReplyLog): Promise<Error | null> {
    const { server } = this.parts;
    const { tally } = this;
    const cutter = new LineCutter();
    try {
      for await (const piece of server.keeper.pull(this.state.model, this.leaving.signal)) {
        for (const line of cutter.push(piece)) tally.take(line);
        this.tell(events, tally);
      }
      for (const line of cutter.rest()) tally.take(line);
      this.tell(events, tally);
      return tally.isComplete ? null : new AppError('engine.truncated');
    } catch (error) {
      if (error instanceof AppError) return error;
      return new AppError('engine.unavailable', {}, { cause: error });
    }
  }

  private tell(events: ReplyLog, { progress }: PullTally): void {
    const { clock, store } = this.parts;
    const { status, completedBytes, totalBytes } = progress;
    const isNews = status !== this.state.status;
    this.state = { ...this.state, status, completed_bytes: completedBytes, total_bytes: totalBytes };
    if (!isNews && clock.monotonic() - this.toldAtMs < TELL_MS) return;
    this.toldAtMs = clock.monotonic();
    events.append({
      type: 'pull',
      status,
      completed_bytes: completedBytes,
      total_bytes: totalBytes,
    });
    // For the list. What is missed there comes with the next one.
    store.keep(this.state, null).catch(() => undefined);
  }

  private async end(events: ReplyLog, failure: Error | 'cancelled' | null): Promise<void> {
    const { store, clock } = this.parts;
    const code = failure instanceof Error ? endCode(failure) : null;
    const state = failure === null ? 'done' : failure === 'cancelled' ? 'cancelled' : 'failed';
    this.state = { ...this.state, state, error_code: code };
    // First the state, then the event: whoever has seen the end finds it in the list.
    await store.end(this.state, clock.now());
    const say = code === null ? null : new AppError(code).spec.say;
    events.append({ type: 'end', state, code, say, timeline: [], usage: null });
    await events.close();
  }

  private beat(): void {
    this.cancelBeat = this.parts.clock.after(HEARTBEAT_MS, () => {
      void this.look().finally(() => {
        if (!this.leaving.signal.aborted) this.beat();
      });
    });
  }

  private async look(): Promise<void> {
    const { store, runner } = this.parts;
    const { id } = this.state;
    try {
      if (await store.isToBeCancelled(id)) this.leave('cancelled');
      else if (!(await store.renew(id, runner))) this.leave('closing');
    } catch {
      // Redis is away: the download itself does not need it, and the next look shows.
    }
  }
}

function isCut(failure: Error): boolean {
  return ['engine.truncated', 'engine.unavailable', 'call.unreachable'].includes(codeOf(failure));
}

/** What is told to people: that it did not work, and more only where they can do something about it. */
function endCode(failure: Error) {
  const code = codeOf(failure);
  return code === 'pull.model_unknown' || code === 'model.unknown'
    ? 'pull.model_unknown'
    : 'model.pull_failed';
}
