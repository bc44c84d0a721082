import { AppError, codeOf, pause, type Clock, type ErrorCode } from '@baton/kernel';
import { CLOCK } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { ImagesRepository } from '../images/images.repository.ts';
import type { ActiveRender } from './active-render.ts';
import { PictureStepService } from './picture-step.service.ts';
import { LanguageStepService } from './language-step.service.ts';

/** Waits before the second and the third attempt, in milliseconds. */
const RETRY_PAUSES_MS = [500, 2_000] as const;

/** Failures that another attempt may well get over. What is wrong with the order, or lasts, is told at once. */
const WORTH_ANOTHER_ATTEMPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'gpu.lease_lost',
  'gpu.swap_failed',
  'image.interrupted',
  'engine.unavailable',
]);

/** Gets a request's picture made: prompt, then picture, and again where that is worth it. */
@Injectable()
export class AttemptsService {
  private readonly language: LanguageStepService;
  private readonly picture: PictureStepService;
  private readonly images: ImagesRepository;
  private readonly clock: Clock;

  constructor(
    language: LanguageStepService,
    picture: PictureStepService,
    images: ImagesRepository,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.language = language;
    this.picture = picture;
    this.images = images;
    this.clock = clock;
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
        const failure = await this.prepareNextAttempt(render, pauseMs, closing);
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

  /** Null when the next attempt can begin, under job ids of its own. */
  private async prepareNextAttempt(
    render: ActiveRender,
    pauseMs: number,
    closing: AbortSignal,
  ): Promise<unknown> {
    const { request, stop } = render;
    render.state.queued();
    try {
      await pause(this.clock, pauseMs, AbortSignal.any([stop.signal, closing]));
      await this.images.startAttempt(request.messageId, request.attempt + 1);
      request.attempt += 1;
      return null;
    } catch (failure) {
      return stop.signal.aborted ? stop.signal.reason : failure;
    }
  }
}
