import {
  addImageMessages,
  cancelImage,
  generateImage,
  getImages,
  type GenerateImageBody,
  type Image,
  type SentMessage,
} from '@baton/contracts';
import { AppError, type Clock } from '@baton/kernel';
import { CLOCK, HandleCall, type CallClient } from '@baton/platform';
import { Controller, Inject } from '@nestjs/common';
import { RendersService } from '../rendering/renders.service.ts';
import { CHAT_SERVICE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import { ImagesRepository, imageView } from './images.repository.ts';
import { newRequest } from './new-request.ts';

/** The message edge of images. */
@Controller()
export class ImagesController {
  constructor(
    private readonly images: ImagesRepository,
    private readonly renders: RendersService,
    @Inject(CHAT_SERVICE) private readonly chat: CallClient,
    @Inject(RENDERING_SETTINGS) private readonly settings: RenderingSettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Messages first: they check whose chat it is. A crash before the request is stored is mended at the next start. */
  @HandleCall(generateImage)
  async generate({ userId, body }: { userId: number; body: GenerateImageBody }): Promise<SentMessage> {
    const { chat_id: chatId, description, ...size } = body;
    const sent = await this.chat.call(addImageMessages, { userId, chatId, description });
    const request = newRequest(
      { messageId: sent.reply.id, userId, chatId, description, size },
      this.settings,
      this.clock.now(),
    );
    await this.images.add(request);
    this.renders.start(request);
    return sent;
  }

  @HandleCall(cancelImage)
  async cancel({ userId, messageId }: { userId: number; messageId: number }): Promise<{ accepted: true }> {
    const request = await this.images.findOwned(messageId, userId);
    if (request === null) throw new AppError('image.not_found', { messageId });
    await this.renders.stop(messageId);
    return { accepted: true };
  }

  @HandleCall(getImages)
  async get({
    userId,
    messageId,
  }: {
    userId: number;
    messageId: number;
  }): Promise<{ message_id: number; images: Image[] }> {
    const request = await this.images.findOwned(messageId, userId);
    if (request === null) throw new AppError('image.not_found', { messageId });
    const rows = await this.images.imagesOf(messageId);
    return { message_id: messageId, images: rows.map((row) => imageView(request, row)) };
  }
}
