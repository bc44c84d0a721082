import { AppError, codeOf, pause, untilItWorks, type Clock, type ErrorCode } from '@baton/kernel';
import { CLOCK, Log } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { PictureFiles } from '../files/picture-files.service.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import type { ActiveRender } from './active-render.ts';
import { PictureStepService } from './picture-step.service.ts';
import { LanguageStepService } from './language-step.service.ts';

/** Waits before the second and the third attempt, in milliseconds. */
const RETRY_PAUSES_MS = [500, 2_000] as const;

/**
 * How long a request waits for a storage that is away or full. The picture lies in the engine meanwhile, and the GPU is free
 * for others. Long enough for a server to be started again; longer than that, somebody has to do something.
 */
const STORE_PATIENCE_MS = 900_000;
const FIRST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 5_000;

/** Failures that another attempt may well get over. What is wrong with the order, or lasts, is told at once. */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'gpu.lease_lost',
  'gpu.swap_failed',
  'image.interrupted',
  'engine.unavailable',
  'store.unavailable',
]);

/** Gets a request's picture made: prompt, then picture, and again where that is worth it. */
@Injectable()
export class AttemptsService {
  private readonly language: LanguageStepService;
  private readonly picture: PictureStepService;
  private readonly images: ImagesRepository;
  private readonly files: PictureFiles;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    language: LanguageStepService,
    picture: PictureStepService,
    images: ImagesRepository,
    files: PictureFiles,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.language = language;
    this.picture = picture;
    this.images = images;
    this.files = files;
    this.clock = clock;
    this.log = log;
  }

  /** Null when the picture is stored, else why it is not. No new attempt once `closing` is aborted. */
  async untilDecided(render: ActiveRender, closing: AbortSignal): Promise<unknown> {
    for (;;) {
      try {
        await this.findReference(render);
        if (render.request.prompt === null && render.request.kind !== 'upscale')
          await this.language.run(render);
        await this.picture.run(render);
        return null;
      } catch (error) {
        if (render.stop.signal.aborted) return render.stop.signal.reason;
        const code = codeOf(error);
        render.failures.push(code);
        const pauseMs = RETRY_PAUSES_MS[render.failures.length - 1];
        if (pauseMs === undefined || !WORTH_ANOTHER_ATTEMPT.has(code) || closing.aborted) return error;
        const failure = await this.prepareNextAttempt(render, { error, pauseMs, closing });
        if (failure !== null) return failure;
      }
    }
  }

  /** @throws AppError `image.not_found` for a picture that was deleted meanwhile */
  private async findReference(render: ActiveRender): Promise<void> {
    const { referenceImageId, userId } = render.request;
    if (referenceImageId === null || render.reference !== null) return;
    render.reference = await this.images.findImage(referenceImageId, userId);
    if (render.reference === null) throw new AppError('image.not_found', { referenceImageId });
  }

  /**
   * Null when the next attempt can begin, under job ids of its own. Their number is stored before the pause: whoever takes
   * the request up after a death in the pause must not wait for a job that has ended.
   */
  private async prepareNextAttempt(render: ActiveRender, failed: FailedAttempt): Promise<unknown> {
    const { request, stop } = render;
    const { error, pauseMs, closing } = failed;
    const signal = AbortSignal.any([stop.signal, closing]);
    const isStoreAway = codeOf(error) === 'store.unavailable';
    render.state.queued();
    try {
      const next = request.attempt + 1;
      const store = (): Promise<void> => this.images.startAttempt(request.messageId, next);
      await (isStoreAway ? this.untilStored(render, signal, store) : store());
      request.attempt = next;
      await pause(this.clock, pauseMs, signal);
      if (isStoreAway) await this.untilStored(render, signal, () => this.files.tryOut());
      return null;
    } catch (failure) {
      return stop.signal.aborted ? stop.signal.reason : failure;
    }
  }

  /** Pictures or rows cannot be stored just now. @throws the failure when that lasts too long; the signal's reason */
  private async untilStored(
    { request: { messageId } }: ActiveRender,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<void> {
    const patience = new AbortController();
    const end = (): void =>
      patience.abort(new AppError('store.unavailable', { waitedMs: STORE_PATIENCE_MS }));
    const cancel = this.clock.after(STORE_PATIENCE_MS, end);
    try {
      await untilItWorks(work, {
        clock: this.clock,
        firstPauseMs: FIRST_LOOK_MS,
        longestPauseMs: LONGEST_LOOK_MS,
        signal: AbortSignal.any([signal, patience.signal]),
        onOutage: (error) => this.log.warn('render.store_wait', { messageId, code: codeOf(error) }),
      });
    } finally {
      cancel();
    }
  }
}

interface FailedAttempt {
  readonly error: unknown;
  readonly pauseMs: number;
  readonly closing: AbortSignal;
}
