import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  cancelImage,
  generateImage,
  getImages,
  getReply,
  imageFilePaths,
  type Image,
  type GenerateImageBody,
} from '@baton/contracts';
import { AppError, codeOf, isErrorCode } from '@baton/kernel';
import { CallClient, Log } from '@baton/platform';
import { endOnly } from '../chat/plan-sink.ts';
import { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { CHAT_SERVICE, IMAGE_SERVICE } from '../services.ts';
import { ImageFilesClient } from './image-files.client.ts';

/**
 * Pictures for who waits for them in one answer. The request is followed in its log to the end; nothing waits in a call.
 * Who leaves will not come back for it, so it is stopped then.
 */
@Injectable()
export class MadeImages implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();
  private readonly images: CallClient;
  private readonly chats: CallClient;
  private readonly replies: ReplyStreamService;
  private readonly files: ImageFilesClient;
  private readonly log: Log;

  constructor(
    @Inject(IMAGE_SERVICE) images: CallClient,
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
    @Inject(ImageFilesClient) files: ImageFilesClient,
    @Inject(Log) log: Log,
  ) {
    this.images = images;
    this.chats = chats;
    this.replies = replies;
    this.files = files;
    this.log = log;
  }

  /**
   * Resolves with the pictures when all are made.
   *
   * @param left aborted when nobody waits any more
   * @throws AppError what `image.generate` refuses with; the code that the request failed with; `gpu.job_cancelled`
   */
  async make(userId: number, wish: GenerateImageBody, left: AbortSignal): Promise<Image[]> {
    const { reply } = await this.images.call(generateImage, { userId, body: wish });
    const signal = AbortSignal.any([left, this.closing.signal]);
    try {
      await this.replies.send(endOnly(signal), { userId, message: reply, after: 0 });
    } finally {
      if (signal.aborted) await this.leave(userId, reply.id);
    }
    const { state, error } = await this.chats.call(getReply, { userId, replyId: reply.id });
    if (state !== 'done') {
      const code = isErrorCode(error?.code) ? error.code : 'internal';
      throw new AppError(state === 'failed' ? code : 'gpu.job_cancelled', {
        messageId: reply.id,
      });
    }
    return (await this.images.call(getImages, { userId, messageId: reply.id })).images;
  }

  /** The file of one of them. @throws AppError `image.not_found`, `call.unreachable` */
  bytes(userId: number, { id }: Pick<Image, 'id'>): Promise<Buffer> {
    return this.files.read(imageFilePaths.file(id), userId);
  }

  beforeApplicationShutdown(): void {
    this.closing.abort();
  }

  private async leave(userId: number, messageId: number): Promise<void> {
    await this.images.call(cancelImage, { userId, messageId }).catch((error: unknown) => {
      this.log.warn('image.cancel', { messageId, code: codeOf(error) });
    });
  }
}
