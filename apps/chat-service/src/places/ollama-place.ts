import { AppError, codeOf, type Clock, type ErrorCode } from '@baton/kernel';
import type { ChatEngine } from '../engines/chat-engine.ts';
import type { AnswerPlace, Seat, SeatRequest, ServerView } from './answer-place.ts';
import { Breaker } from './breaker.ts';
import { FairSlots } from './fair-slots.ts';
import type { InstanceHealth } from './instance-health.ts';
import type { Instance } from './instances.ts';

export interface OllamaPlaceContext {
  readonly instance: Instance;
  readonly engine: ChatEngine;
  readonly health: InstanceHealth;
  readonly clock: Clock;
}

/** Failures that say something about the server; the others say something about the question. */
const SERVER_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'engine.unavailable',
  'engine.failed',
  'engine.truncated',
  'engine.stalled',
]);

/** An Ollama with a GPU of its own: no lease of ours, a slot instead. */
export class OllamaPlace implements AnswerPlace {
  readonly server: string;
  readonly kind = 'elsewhere';
  readonly engineName = 'ollama';
  readonly engine: ChatEngine;
  private readonly instance: Instance;
  private readonly health: InstanceHealth;
  private readonly clock: Clock;
  private readonly slots: FairSlots;
  private readonly breaker: Breaker;

  constructor({ instance, engine, health, clock }: OllamaPlaceContext) {
    this.server = instance.server;
    this.engine = engine;
    this.instance = instance;
    this.health = health;
    this.clock = clock;
    this.slots = new FairSlots(instance.maxConcurrent, clock);
    this.breaker = new Breaker(clock);
    // Who holds a slot of a server that hangs may do so for minutes: whoever waits behind goes elsewhere.
    health.onDown(() => this.slots.refuseWaiting(this.gone()));
  }

  view(): ServerView {
    const { state, checkedAtMs, errorCode, models, isListCertain } = this.health.current;
    const { url, profiles, maxConcurrent, server } = this.instance;
    return {
      id: server,
      place: this.kind,
      url,
      state,
      // While somebody else tries whether it works again, it is as shut as before.
      breaker: this.breaker.isPassable ? this.breaker.state : 'open',
      checked_at: checkedAtMs === null ? null : new Date(checkedAtMs).toISOString(),
      error_code: errorCode,
      simulated: false,
      capabilities: [...new Set(profiles.flatMap(({ capabilities }) => capabilities))],
      default_model: profiles.find(({ model }) => model !== null)?.model ?? null,
      max_concurrent: maxConcurrent,
      running: this.slots.running,
      waiting: this.slots.waiting,
      models: [...models],
      isListCertain,
    };
  }

  look(): Promise<void> {
    return this.health.look();
  }

  async use<T>(request: SeatRequest, work: (seat: Seat) => Promise<T>): Promise<T> {
    const startedAt = this.clock.monotonic();
    try {
      if (this.health.current.state === 'down') {
        // It may be back already: whoever tries again in a moment knows.
        void this.health.look();
        throw this.gone();
      }
      const giveBack = await this.slots.take(request);
      try {
        return await this.hold(request, Math.round(this.clock.monotonic() - startedAt), work);
      } finally {
        giveBack();
      }
    } finally {
      // The work has ended, and with it its connection: nothing of it is left there.
      request.onFreed?.({ isQuiet: true });
    }
  }

  private gone(): AppError {
    return new AppError('engine.unavailable', { server: this.server, state: 'down' });
  }

  private async hold<T>(
    { signal }: SeatRequest,
    queuedMs: number,
    work: (seat: Seat) => Promise<T>,
  ): Promise<T> {
    const pass = this.breaker.enter();
    if (pass === null) throw new AppError('engine.unavailable', { server: this.server, breaker: 'open' });
    try {
      const answer = await work({
        door: { url: this.instance.url, headers: {}, signal },
        timeline: { queuedMs, swap: null },
        heard: pass.answering,
        causeOf: (error) => Promise.resolve(error),
      });
      pass.worked();
      return answer;
    } catch (error) {
      if (!signal.aborted && SERVER_FAULTS.has(codeOf(error))) {
        pass.failed();
        // Whether it is gone is known sooner than at the next look.
        void this.health.look();
      }
      throw error;
    } finally {
      pass.left();
    }
  }
}
