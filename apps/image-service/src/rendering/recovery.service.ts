import { listOpenImageMessages, replyLogKey } from '@baton/contracts';
import { pause, type Clock } from '@baton/kernel';
import { CLOCK, Log, ReplyLogWriter, type CallClient } from '@baton/platform';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { newRequest } from '../images/new-request.ts';
import { ImagesRepository } from '../images/images.repository.ts';
import type { ImageRequestRow } from '../images/image-request.entity.ts';
import { CHAT_SERVICE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import { RendersService } from './renders.service.ts';

const PAUSE_MS = 1_000;

/**
 * Takes up what an earlier process left, whenever it died: requests that are not ended, requests whose end chat-service
 * has not heard of, and messages that were stored in a chat without their request being stored here.
 */
@Injectable()
export class RecoveryService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly closing = new AbortController();

  constructor(
    private readonly images: ImagesRepository,
    private readonly renders: RendersService,
    private readonly logs: ReplyLogWriter,
    private readonly log: Log,
    @Inject(CHAT_SERVICE) private readonly chat: CallClient,
    @Inject(RENDERING_SETTINGS) private readonly settings: RenderingSettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.recover().catch((error: unknown) => {
      if (!this.closing.signal.aborted) this.log.error('render.recover', error);
    });
  }

  onApplicationShutdown(): void {
    this.closing.abort();
  }

  private async recover(): Promise<void> {
    await this.addForgotten();
    const open = await this.images.open();
    for (const request of open) await this.takeUp(request);
    if (open.length > 0) this.log.event('render.recover', { requests: open.length });
  }

  /** Chat-service may start later than we do. */
  private async addForgotten(): Promise<void> {
    for (;;) {
      try {
        const { messages } = await this.chat.call(listOpenImageMessages, {});
        for (const message of messages) {
          await this.images.add(newRequest(message, this.settings, this.clock.now()));
        }
        return;
      } catch (error) {
        this.log.debug('render.recover_wait', { cause: String(error) });
        await pause(this.clock, PAUSE_MS, this.closing.signal);
      }
    }
  }

  /** A request that was under way asks for the GPU under a new job id: the old job may have been granted to a ghost. */
  private async takeUp(request: ImageRequestRow): Promise<void> {
    const log = await this.logs.resume(replyLogKey(request.messageId));
    if (request.finishedAt !== null) {
      await this.renders.reportAgain(request, log);
      return;
    }
    await this.images.startAttempt(request.messageId, request.attempt + 1);
    this.renders.adopt({ ...request, attempt: request.attempt + 1 }, log);
  }
}
