import { randomUUID } from 'node:crypto';
import type { Pull } from '@baton/contracts';
import { AppError, pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, ReplyLogWriter } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ModelKeepers, type ChosenServer } from './model-keepers.service.ts';
import { PullRun } from './pull-run.ts';
import { PullsStore } from './pulls.store.ts';

export interface PullRequest {
  readonly userId: number;
  readonly model: string;
  readonly server?: string | undefined;
}

/** Downloads of a process that was killed are found within a claim's time and this. */
const SWEEP_MS = 5_000;
const CANCEL_PATIENCE_MS = 8_000;
const CANCEL_POLL_MS = 50;

/** Downloads of models: one at a time of each model on each server, whoever asks, over restarts of this process. */
@Injectable()
export class PullsService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly store: PullsStore;
  private readonly keepers: ModelKeepers;
  private readonly logs: ReplyLogWriter;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly runner = randomUUID();
  private readonly running = new Map<string, { readonly run: PullRun; readonly ended: Promise<void> }>();
  private cancelSweep: () => void = () => undefined;
  private isClosing = false;

  constructor(
    store: PullsStore,
    keepers: ModelKeepers,
    logs: ReplyLogWriter,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.store = store;
    this.keepers = keepers;
    this.logs = logs;
    this.clock = clock;
    this.log = log;
  }

  onApplicationBootstrap(): void {
    void this.sweep();
  }

  /** What is under way is left to the next process: Ollama keeps what it has. */
  async onModuleDestroy(): Promise<void> {
    this.isClosing = true;
    this.cancelSweep();
    const left = [...this.running.values()];
    for (const { run } of left) run.leave('closing');
    await Promise.all(left.map(({ ended }) => ended));
  }

  /** @throws AppError `server.unknown`, `model.cannot_change`, `model.unknown` */
  async start({ userId, model, server: wanted }: PullRequest): Promise<Pull> {
    const { server } = this.keepers.choose(model, wanted);
    const { pull, isNew } = await this.store.begin({
      id: randomUUID(),
      model,
      server,
      state: 'running',
      status: '',
      completed_bytes: 0,
      total_bytes: 0,
      error_code: null,
      started_at: new Date(this.clock.now()).toISOString(),
    });
    this.log.event('model.pull_ask', { userId, server, model, pullId: pull.id, isNew });
    if (isNew) await this.takeOn(pull);
    return pull;
  }

  list(): Promise<Pull[]> {
    return this.store.list(this.clock.now());
  }

  /** @throws AppError `pull.not_found` */
  async find(pullId: string): Promise<Pull> {
    const pull = await this.store.find(pullId);
    if (pull === null) throw new AppError('pull.not_found', { pullId });
    return pull;
  }

  /** Ends it and answers when it has ended; one that has ended stays as it is. @throws AppError `pull.not_found` */
  async cancel(pullId: string): Promise<Pull> {
    let pull = await this.find(pullId);
    if (pull.state !== 'running') return pull;
    await this.store.askToCancel(pullId);
    this.running.get(pullId)?.run.leave('cancelled');
    const deadline = this.clock.monotonic() + CANCEL_PATIENCE_MS;
    while (pull.state === 'running' && this.clock.monotonic() < deadline) {
      await pause(this.clock, CANCEL_POLL_MS);
      pull = await this.find(pullId);
    }
    return pull;
  }

  private async sweep(): Promise<void> {
    try {
      for (const pull of await this.list()) {
        if (pull.state === 'running' && !this.running.has(pull.id)) await this.takeOn(pull);
      }
    } catch (error) {
      this.log.debug('model.pull_sweep', { outcome: 'failed', cause: String(error) });
    }
    if (!this.isClosing) this.cancelSweep = this.clock.after(SWEEP_MS, () => void this.sweep());
  }

  private async takeOn(pull: Pull): Promise<void> {
    if (this.isClosing || !(await this.store.claim(pull.id, this.runner))) return;
    const { store, logs, clock, log, runner } = this;
    const server = this.serverOf(pull);
    if (server === null) {
      // It was taken out of the configuration while the download stood still.
      await store.end({ ...pull, state: 'failed', error_code: 'model.pull_failed' }, clock.now());
      return;
    }
    const run = new PullRun(pull, { store, logs, clock, log, runner, server });
    if (await store.isToBeCancelled(pull.id)) run.leave('cancelled');
    const ended = run.run().finally(() => this.running.delete(pull.id));
    this.running.set(pull.id, { run, ended });
  }

  private serverOf({ model, server }: Pull): ChosenServer | null {
    try {
      return this.keepers.choose(model, server);
    } catch {
      return null;
    }
  }
}
