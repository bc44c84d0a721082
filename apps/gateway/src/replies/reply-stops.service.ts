import { Inject, Injectable } from '@nestjs/common';
import {
  cancelChatImages,
  cancelImage,
  cancelReplies,
  cancelReply,
  getReply,
  type Message,
  type StopReceipt,
} from '@baton/contracts';
import { codeOf } from '@baton/kernel';
import { CallClient, Log } from '@baton/platform';
import { CHAT_SERVICE, IMAGE_SERVICE } from '../services.ts';

/** Stopping what is being made, in whatever state it is: text is chat-service's, pictures are image-service's. */
@Injectable()
export class ReplyStops {
  private readonly chats: CallClient;
  private readonly images: CallClient;
  private readonly log: Log;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(IMAGE_SERVICE) images: CallClient,
    @Inject(Log) log: Log,
  ) {
    this.chats = chats;
    this.images = images;
    this.log = log;
  }

  /** @throws AppError `reply.not_found` for a message that is not this user's */
  async stop(userId: number, replyId: number): Promise<Message> {
    const asked = { userId, replyId };
    const reply = await this.chats.call(getReply, asked);
    if (reply.kind === 'text') return this.chats.call(cancelReply, asked);
    await this.images.call(cancelImage, { userId, messageId: replyId });
    return this.chats.call(getReply, asked);
  }

  /**
   * Everything of a user, or of one chat.
   *
   * @throws AppError `chat.not_found` for a chat that is not this user's
   */
  async stopAll(userId: number, chatId: number | undefined): Promise<StopReceipt> {
    const asked = { userId, ...(chatId === undefined ? {} : { chatId }) };
    const [{ stopped }, imagesTold] = await Promise.all([
      this.chats.call(cancelReplies, asked),
      // Texts stop whether or not the renders can be told.
      this.images.call(cancelChatImages, asked).then(
        () => true,
        (error: unknown) => {
          this.log.warn('reply.stop_images', { userId, chatId, code: codeOf(error) });
          return false;
        },
      ),
    ]);
    return { stopped, images_told: imagesTold };
  }
}
