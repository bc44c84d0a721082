import { replyLogKey, type EndEvent } from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { CLOCK, Log, ReplyLogWriter, endEventOf, type ReplyLog } from '@baton/platform';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { ImageRequestRow } from '../images/image-request.entity.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import { ActiveRender } from './active-render.ts';
import { AttemptsService } from './attempts.service.ts';
import { EndingsService } from './endings.service.ts';
import { PreviewShelf } from './preview-shelf.ts';

interface Running {
  readonly render: ActiveRender;
  readonly ended: Promise<void>;
}

/** Carries image requests out, from the queue to the stored end. One instance per process knows all under way. */
@Injectable()
export class RendersService implements OnModuleDestroy {
  private readonly running = new Map<number, Running>();
  private readonly closing = new AbortController();
  private readonly attempts: AttemptsService;
  private readonly endings: EndingsService;
  private readonly images: ImagesRepository;
  private readonly logs: ReplyLogWriter;
  private readonly previews: PreviewShelf;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    attempts: AttemptsService,
    endings: EndingsService,
    images: ImagesRepository,
    logs: ReplyLogWriter,
    previews: PreviewShelf,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.attempts = attempts;
    this.endings = endings;
    this.images = images;
    this.logs = logs;
    this.previews = previews;
    this.clock = clock;
    this.log = log;
  }

  /** Starts a new request in the background. */
  start(request: ImageRequestRow): void {
    this.adopt(request, this.logs.open(replyLogKey(request.messageId)));
  }

  /** Goes on with a request that an earlier process left; its log goes on where it is. */
  adopt(request: ImageRequestRow, log: ReplyLog): void {
    const render = new ActiveRender(request, log, this.clock);
    this.follow(render, () => this.live(render));
  }

  /** Tells the end of a request that an earlier process stored and did not tell everybody. */
  tellAgain(render: ActiveRender, told: { readonly end: EndEvent; readonly isLogged: boolean }): void {
    this.follow(render, () => this.endings.tellAgain(render, told, this.closing.signal));
  }

  has(messageId: number): boolean {
    return this.running.has(messageId);
  }

  /** Stops a request and resolves when its end is stored and told. Does nothing for one that is not under way. */
  async stop(messageId: number): Promise<void> {
    const running = this.running.get(messageId);
    if (running === undefined) return;
    running.render.stop.abort(new AppError('gpu.job_cancelled', { messageId }));
    await running.ended;
  }

  async stopChat(userId: number, chatId: number | undefined): Promise<void> {
    const requests = [...this.running.values()].map(({ render }) => render.request);
    const own = requests.filter(
      (request) => request.userId === userId && (chatId === undefined || request.chatId === chatId),
    );
    await Promise.all(own.map(({ messageId }) => this.stop(messageId)));
  }

  /**
   * Before anything closes: whoever holds the GPU gives it back, and the next process asks for it anew. What waits is left
   * to that process, job and place in the queue and all.
   */
  async onModuleDestroy(): Promise<void> {
    this.closing.abort();
    const holding = [...this.running.values()].filter(({ render }) => render.isHoldingGpu);
    for (const { render } of holding) {
      render.stop.abort(new AppError('image.interrupted', { messageId: render.request.messageId }));
    }
    await Promise.all(holding.map(({ ended }) => ended));
  }

  private follow(render: ActiveRender, work: () => Promise<void>): void {
    const { messageId } = render.request;
    const ended = work()
      .catch((error: unknown) => {
        if (!this.closing.signal.aborted) this.log.error('render.run', error, { messageId, outcome: 'left' });
      })
      .finally(() => {
        this.running.delete(messageId);
        this.previews.drop(messageId);
        this.endings.countActive(this.running.size);
      });
    this.running.set(messageId, { render, ended });
    this.endings.countActive(this.running.size);
  }

  private async live(render: ActiveRender): Promise<void> {
    const startedAt = this.clock.monotonic();
    render.state.queued();
    const failure = await this.attempts.untilDecided(render, this.closing.signal);
    if (this.closing.signal.aborted && failure !== null && codeOf(failure) !== 'gpu.job_cancelled') {
      await this.leave(render);
      return;
    }
    const end = endEventOf(failure, { timeline: render.timeline, usage: null });
    await this.endings.conclude(render, end, this.closing.signal);
    this.endings.report(render, end, failure, this.clock.monotonic() - startedAt);
  }

  /** A job that was given up has ended: the next process needs another. */
  private async leave({ request, stop }: ActiveRender): Promise<void> {
    const { messageId, attempt } = request;
    if (stop.signal.aborted) await this.images.startAttempt(messageId, attempt + 1);
    this.log.event('render.run', { messageId, outcome: 'left' });
  }
}
