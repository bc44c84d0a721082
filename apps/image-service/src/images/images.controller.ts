import {
  cancelChatImages,
  cancelImage,
  generateImage,
  getImages,
  upscaleImage,
  varyImage,
  type SentMessage,
  type imageList,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { RequestsService } from './requests.service.ts';

/** The message edge of images. */
@Controller()
export class ImagesController {
  private readonly requests: RequestsService;

  constructor(requests: RequestsService) {
    this.requests = requests;
  }

  @HandleCall(generateImage)
  generate({ userId, body }: z.output<typeof generateImage.request>): Promise<SentMessage> {
    return this.requests.generate(userId, body);
  }

  @HandleCall(varyImage)
  vary({ userId, imageId, body }: z.output<typeof varyImage.request>): Promise<SentMessage> {
    return this.requests.vary(userId, imageId, body);
  }

  @HandleCall(upscaleImage)
  upscale({ userId, imageId }: z.output<typeof upscaleImage.request>): Promise<SentMessage> {
    return this.requests.upscale(userId, imageId);
  }

  @HandleCall(cancelImage)
  async cancel({ userId, messageId }: z.output<typeof cancelImage.request>): Promise<{ accepted: true }> {
    await this.requests.cancel(userId, messageId);
    return { accepted: true };
  }

  @HandleCall(cancelChatImages)
  async cancelChat({
    userId,
    chatId,
  }: z.output<typeof cancelChatImages.request>): Promise<{ accepted: true }> {
    await this.requests.cancelChat(userId, chatId);
    return { accepted: true };
  }

  @HandleCall(getImages)
  async get({ userId, messageId }: z.output<typeof getImages.request>): Promise<z.input<typeof imageList>> {
    const images = await this.requests.get(userId, messageId);
    return { message_id: messageId, images, can_upscale: this.requests.canUpscale };
  }
}
