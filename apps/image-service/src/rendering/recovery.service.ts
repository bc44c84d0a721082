import { randomUUID } from 'node:crypto';
import { listOpenImageMessages, replyLogKey, timelineEntry } from '@baton/contracts';
import {
  AppError,
  codeOf,
  isErrorCode,
  pause,
  untilItWorks,
  type Clock,
  type Persistence,
} from '@baton/kernel';
import {
  CLOCK,
  Log,
  ReplyLogWriter,
  endEventOf,
  parseReplyLog,
  runWithCorrelation,
  type CallClient,
} from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { z } from 'zod';
import type { ImageRequestRow } from '../images/image-request.entity.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import { newRequest, readWish } from '../images/new-request.ts';
import { CHAT_SERVICE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import { ActiveRender } from './active-render.ts';
import { RendersService } from './renders.service.ts';

type OpenMessage = z.output<typeof listOpenImageMessages.reply>['messages'][number];

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
/** Longer than a request takes from its chat messages to its own row; one without a row by then was forgotten. */
const BEING_STORED_MS = 15_000;
/** Chat-service may have stored messages whose answer was lost: nobody may wait for the next start. */
const SEARCH_EVERY_MS = 300_000;

/**
 * Takes up what an earlier process left, wherever it died:
 *   1. the request has no end: it goes on. The job keeps its id, so that its place in the queue is kept too, and a lease
 *      that is still alive is taken over;
 *   2. the request has an end that not everybody was told: chat-service is told, and the log gets it if it has none;
 *   3. there are chat messages and no request: the death came between the two, or chat-service's answer was lost. The request
 *      is stored now, as it was asked for. This is looked for again and again.
 * One image-service at a time may do this for a database.
 */
@Injectable()
export class RecoveryService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly images: ImagesRepository;
  private readonly renders: RendersService;
  private readonly logs: ReplyLogWriter;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly settings: RenderingSettings;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly closing = new AbortController();
  private takenUp: Promise<void> = Promise.resolve();
  private searched: Promise<void> = Promise.resolve();

  constructor(
    images: ImagesRepository,
    renders: RendersService,
    logs: ReplyLogWriter,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.images = images;
    this.renders = renders;
    this.logs = logs;
    this.chat = chat;
    this.settings = settings;
    this.clock = clock;
    this.log = log;
  }

  /** Goes on in the background: who is away must not keep the service from answering. */
  onApplicationBootstrap(): void {
    this.takenUp = this.inBackground(() => this.takeUpOwn());
    this.searched = this.inBackground(() => this.search());
  }

  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    await this.searched;
  }

  /** Resolves when every request that has a row was taken up. */
  done(): Promise<void> {
    return this.takenUp;
  }

  /** All at once: one that cannot be taken up just now keeps no other waiting. */
  private async takeUpOwn(): Promise<void> {
    const requests = await untilItWorks(() => this.images.open(), this.persistence);
    await Promise.all(requests.map((request) => this.takeUpInTheEnd(request)));
  }

  private async search(): Promise<void> {
    for (;;) {
      await this.findForgotten();
      await pause(this.clock, SEARCH_EVERY_MS, this.closing.signal);
    }
  }

  /** Chat-service may start later than we do. */
  private async findForgotten(): Promise<void> {
    const open = await untilItWorks(
      async () => this.withoutRequest((await this.chat.call(listOpenImageMessages, {})).messages),
      this.persistence,
    );
    if (open.length === 0) return;
    await pause(this.clock, BEING_STORED_MS, this.closing.signal);
    for (const message of await untilItWorks(() => this.withoutRequest(open), this.persistence)) {
      const { wish, ...frame } = message;
      const request = newRequest({ ...readWish(wish), ...frame }, this.settings, this.clock.now());
      await untilItWorks(() => this.images.add(request), this.persistence);
      await this.takeUpInTheEnd(request);
    }
  }

  private async withoutRequest(messages: readonly OpenMessage[]): Promise<OpenMessage[]> {
    const stored = await Promise.all(messages.map(({ messageId }) => this.images.exists(messageId)));
    return messages.filter((_, index) => stored[index] === false);
  }

  private takeUpInTheEnd(request: ImageRequestRow): Promise<void> {
    return untilItWorks(() => runWithCorrelation(randomUUID(), () => this.takeUp(request)), this.persistence);
  }

  private async takeUp(request: ImageRequestRow): Promise<void> {
    const { messageId } = request;
    const key = replyLogKey(messageId);
    const log = await this.logs.resume(key);
    // A request that was begun by this process while the list was read is not left behind.
    if (this.renders.has(messageId)) return;
    if (request.finishedAt === null) {
      this.renders.adopt(request, log);
      this.log.event('render.recover', { messageId, outcome: 'resubmitted' });
      return;
    }
    const isLogged = parseReplyLog(await this.logs.read(key)).some(({ type }) => type === 'end');
    const render = new ActiveRender(request, log, this.clock);
    for (const { id, width, height } of await this.images.imagesOf(messageId)) {
      render.attachments.push({ image_id: id, width, height });
    }
    const timeline = z.array(timelineEntry).catch([]).parse(request.timeline);
    this.renders.tellAgain(render, {
      end: endEventOf(failureOf(request), { timeline, usage: null }),
      isLogged,
    });
    this.log.event('render.recover', { messageId, outcome: 'told_again' });
  }

  private get persistence(): Persistence {
    return {
      clock: this.clock,
      firstPauseMs: FIRST_PAUSE_MS,
      longestPauseMs: LONGEST_PAUSE_MS,
      signal: this.closing.signal,
      onOutage: (error) => this.log.warn('render.recover_wait', { code: codeOf(error) }),
    };
  }

  private inBackground(work: () => Promise<void>): Promise<void> {
    return work().catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.log.error('render.recover', error);
    });
  }
}

/** The failure that a stored row stands for. */
function failureOf({ state, errorCode }: ImageRequestRow): AppError | null {
  if (state === 'done') return null;
  if (state === 'cancelled') return new AppError('gpu.job_cancelled');
  return new AppError(isErrorCode(errorCode) ? errorCode : 'internal');
}
