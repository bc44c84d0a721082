import {
  addImageMessages,
  finishImageMessage,
  type GenerateImageBody,
  type Image,
  type SentMessage,
} from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { CLOCK, Log, endEventOf, errorOf, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { RecoveryService } from '../rendering/recovery.service.ts';
import { RendersService } from '../rendering/renders.service.ts';
import { CHAT_SERVICE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import { ImagesRepository, imageView } from './images.repository.ts';
import { newRequest } from './new-request.ts';

/** What a user can do with images; other people's do not exist for them. */
@Injectable()
export class RequestsService {
  private readonly images: ImagesRepository;
  private readonly renders: RendersService;
  private readonly recovery: RecoveryService;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly settings: RenderingSettings;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    images: ImagesRepository,
    renders: RendersService,
    recovery: RecoveryService,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.images = images;
    this.renders = renders;
    this.recovery = recovery;
    this.chat = chat;
    this.settings = settings;
    this.clock = clock;
    this.log = log;
  }

  /**
   * Answers when messages and request are stored; the picture is made in the background. Messages first: chat-service
   * checks whose chat it is. A death between the two is mended by recovery.
   *
   * @throws AppError `chat.not_found`, `call.*`, `store.unavailable`
   */
  async generate(userId: number, body: GenerateImageBody): Promise<SentMessage> {
    const { chat_id: chatId, description, ...size } = body;
    const sent = await this.chat.call(addImageMessages, { userId, chatId, description });
    const wanted = { messageId: sent.reply.id, userId, chatId, description, size };
    const request = newRequest(wanted, this.settings, this.clock.now());
    try {
      await this.images.add(request);
    } catch (error) {
      await this.takeBack(request.messageId, error);
      throw error;
    }
    this.renders.start(request);
    return sent;
  }

  /** Stops a request in whatever state it is. Harmless for one that has ended. @throws AppError `image.not_found` */
  async cancel(userId: number, messageId: number): Promise<void> {
    const request = await this.owned(userId, messageId);
    if (request.finishedAt !== null) return;
    // After a restart a request may not have been taken up yet.
    if (!this.renders.has(messageId)) await this.recovery.done();
    await this.renders.stop(messageId);
  }

  /** Stops all requests of a chat (without one, of a user) that are under way. Harmless where there are none. */
  async cancelChat(userId: number, chatId: number | undefined): Promise<void> {
    await this.recovery.done();
    await this.renders.stopChat(userId, chatId);
  }

  /** The finished pictures of a message. @throws AppError `image.not_found` */
  async get(userId: number, messageId: number): Promise<Image[]> {
    const request = await this.owned(userId, messageId);
    const rows = await this.images.imagesOf(messageId);
    return rows.map((row) => imageView(request, row));
  }

  private async owned(userId: number, messageId: number): Promise<ImageRequestRow> {
    const request = await this.images.findOwned(messageId, userId);
    if (request === null) throw new AppError('image.not_found', { messageId });
    return request;
  }

  /** The chat must not show a request that nobody works on. */
  private async takeBack(messageId: number, failure: unknown): Promise<void> {
    const end = endEventOf(failure, { timeline: [], usage: null });
    const told = { messageId, state: end.state, error: errorOf(end), attachments: [], timeline: [] };
    await this.chat.call(finishImageMessage, told).catch((error: unknown) => {
      this.log.warn('render.tell_chat', { messageId, code: codeOf(error) });
    });
  }
}
