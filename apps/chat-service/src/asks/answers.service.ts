import { pause, type Clock } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ExchangesService, type NewReply } from '../chats/exchanges.service.ts';
import { EndingsService } from '../replies/endings.service.ts';
import { GenerationService } from '../replies/generation.service.ts';
import { RecoveryService } from '../replies/recovery.service.ts';

/** Ends that nobody told us of (the chat was taken away under the reply, for example) are found out this late. */
const LOOK_MS = 15_000;

/** Replies as the parts of longer work: begun, waited for, stopped. */
@Injectable()
export class AnswersService implements OnModuleInit {
  private readonly waiters = new Map<number, Set<() => void>>();
  private readonly exchanges: ExchangesService;
  private readonly generation: GenerationService;
  private readonly recovery: RecoveryService;
  private readonly endings: EndingsService;
  private readonly clock: Clock;

  constructor(
    exchanges: ExchangesService,
    generation: GenerationService,
    recovery: RecoveryService,
    endings: EndingsService,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.exchanges = exchanges;
    this.generation = generation;
    this.recovery = recovery;
    this.endings = endings;
    this.clock = clock;
  }

  onModuleInit(): void {
    this.endings.onEnd(({ task }) => {
      for (const wake of this.waiters.get(task.replyId) ?? []) wake();
    });
  }

  /** Resolves when what an earlier process left behind goes on or has been ended. */
  recovered(): Promise<void> {
    return this.recovery.done();
  }

  /** Stores a reply and has it made in the background; resolves with its id. @throws as `ExchangesService.beginReply` */
  async begin(wanted: NewReply): Promise<number> {
    const { task } = await this.exchanges.beginReply(wanted);
    this.generation.start(task);
    return task.replyId;
  }

  /** Resolves when its end is stored; does nothing for one that is not being made. */
  stop(replyId: number): Promise<void> {
    return this.generation.stop(replyId);
  }

  /** Resolves when the end is stored. @throws the reason of `signal` when that is aborted before; a failing database */
  async until(replyId: number, signal: AbortSignal): Promise<void> {
    for (let isOver = false; !isOver;) {
      const word = this.nextWord(replyId, signal);
      try {
        // Asked after the waiting has begun: an end in between is not missed.
        isOver = !(await this.exchanges.isUnfinished(replyId));
        if (!isOver) await word.heard;
      } finally {
        word.leave();
      }
    }
  }

  /** Resolves when this reply ends, or when it is time to look. */
  private nextWord(
    replyId: number,
    signal: AbortSignal,
  ): { readonly heard: Promise<unknown>; readonly leave: () => void } {
    const left = new AbortController();
    const waiters = this.waiters.get(replyId) ?? new Set();
    this.waiters.set(replyId, waiters);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    waiters.add(wake);
    const timeToLook = pause(this.clock, LOOK_MS, AbortSignal.any([signal, left.signal]));
    const heard = Promise.race([promise, timeToLook]);
    heard.catch(() => undefined);
    const leave = (): void => {
      left.abort();
      waiters.delete(wake);
      if (waiters.size === 0) this.waiters.delete(replyId);
    };
    return { heard, leave };
  }
}
