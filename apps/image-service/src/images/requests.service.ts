import {
  addImageMessages,
  finishImageMessage,
  wantedSettings,
  type Image,
  type GenerateImageBody,
  type SentMessage,
  type VaryBody,
} from '@baton/contracts';
import { AppError, codeOf, type Clock } from '@baton/kernel';
import { CLOCK, Log, endEventOf, errorOf, type CallClient } from '@baton/platform';
import { Inject, Injectable } from '@nestjs/common';
import { RecoveryService } from '../rendering/recovery.service.ts';
import { RendersService } from '../rendering/renders.service.ts';
import { sizeLike } from '../sampling/size-like.ts';
import { CHAT_SERVICE, RENDERING_SETTINGS, type RenderingSettings } from '../tokens.ts';
import { WorkflowWatch } from '../workflows/workflow-watch.service.ts';
import type { ImageRequestRow } from './image-request.entity.ts';
import { ImagesRepository, imageView } from './images.repository.ts';
import type { ImageRow } from './image.entity.ts';
import { keptWish, newRequest, type Wanted } from './new-request.ts';
import { QuotaService } from './quota.service.ts';

/** Without a chat it gets one of its own, hidden unless `isListed`. */
type Begun = Omit<Wanted, 'messageId' | 'chatId' | 'hasChat'> & {
  readonly chatId: number | null;
  readonly isListed?: boolean;
};

interface ComingIn {
  readonly userId: number;
  readonly chatId: number | null;
  isStopped: boolean;
}

/** What a user can do with images; other people's do not exist for them. */
@Injectable()
export class RequestsService {
  /** Requests that are not stored yet. */
  private readonly comingIn = new Set<ComingIn>();
  private readonly images: ImagesRepository;
  private readonly renders: RendersService;
  private readonly recovery: RecoveryService;
  private readonly workflows: WorkflowWatch;
  private readonly quota: QuotaService;
  private readonly chat: Pick<CallClient, 'call'>;
  private readonly settings: RenderingSettings;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    images: ImagesRepository,
    renders: RendersService,
    recovery: RecoveryService,
    workflows: WorkflowWatch,
    quota: QuotaService,
    @Inject(CHAT_SERVICE) chat: Pick<CallClient, 'call'>,
    @Inject(RENDERING_SETTINGS) settings: RenderingSettings,
    @Inject(CLOCK) clock: Clock,
    log: Log,
  ) {
    this.images = images;
    this.renders = renders;
    this.recovery = recovery;
    this.workflows = workflows;
    this.quota = quota;
    this.chat = chat;
    this.settings = settings;
    this.clock = clock;
    this.log = log;
  }

  /**
   * Answers when messages and request are stored; the pictures are made in the background. Messages first: chat-service
   * checks whose chat it is. A death between the two is mended by recovery.
   *
   * @throws AppError `chat.not_found`, `image.not_found`, `image.quota_reached`, `image.workflow_invalid`, `request.invalid`, `call.*`,
   *   `store.unavailable`
   */
  async generate(userId: number, body: GenerateImageBody): Promise<SentMessage> {
    const reference = await this.referenceOf(userId, body);
    const kind = reference === null ? 'text' : 'image';
    // Said before anything is stored: waiting for the GPU would not make it better.
    await this.workflows.mustHave(await this.workflows.usable(kind), body.settings ?? {});
    return this.begin({
      userId,
      chatId: body.chat_id,
      description: body.description,
      kind,
      size: sizeOf(body, reference, this.settings.modelSide),
      seed: body.seed,
      batchCount: body.batch_count,
      isAsItIs: body.use_prompt_as_is,
      referenceImageId: reference?.id ?? null,
      settings: body.settings,
    });
  }

  /** The same prompt and settings with other seeds, beside the old picture. @throws as `generate` */
  async vary(userId: number, imageId: number, body: VaryBody): Promise<SentMessage> {
    const { request } = await this.madeBy(userId, imageId);
    await this.workflows.usable(request.kind);
    const { description, kind, width, height, referenceImageId, prompt, promptBy } = request;
    if (referenceImageId !== null && (await this.images.findImage(referenceImageId, userId)) === null) {
      throw noReference('id', 'cannot be made again: the picture that it was made out of is deleted');
    }
    return this.begin({
      userId,
      ...placeLike(request),
      description,
      kind,
      size: { width, height },
      seed: body.seed,
      batchCount: body.batch_count,
      isAsItIs: request.isAsItIs,
      referenceImageId,
      settings: wantedSettings.catch({}).parse(request.wanted ?? {}),
      like: {
        prompt: prompt ?? description,
        promptBy,
        settings: request.settings,
        settingsBy: request.settingsBy,
      },
    });
  }

  /** A larger copy of a picture, by the workflow that was configured for it. @throws also `image.no_upscaler` */
  async upscale(userId: number, imageId: number): Promise<SentMessage> {
    await this.workflows.usable('upscale');
    const { request, image } = await this.madeBy(userId, imageId);
    const { description, prompt, promptBy, settings, settingsBy } = request;
    const { width, height, seed } = image;
    return this.begin({
      userId,
      ...placeLike(request),
      description,
      kind: 'upscale',
      size: { width, height },
      seed: seed ?? undefined,
      referenceImageId: imageId,
      like: { prompt: prompt ?? description, promptBy, settings, settingsBy },
    });
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
    for (const coming of this.comingIn) {
      if (coming.userId === userId && (chatId === undefined || coming.chatId === chatId)) {
        coming.isStopped = true;
      }
    }
    await this.recovery.done();
    await this.renders.stopChat(userId, chatId);
  }

  /** Whether larger pictures can be asked for at all. */
  get canUpscale(): boolean {
    return this.workflows.has('upscale');
  }

  /** The finished pictures of a message. @throws AppError `image.not_found` */
  async get(userId: number, messageId: number): Promise<Image[]> {
    const request = await this.owned(userId, messageId);
    const [rows, reference] = await Promise.all([
      this.images.imagesOf(messageId),
      request.referenceImageId === null ? null : this.images.findImage(request.referenceImageId, userId),
    ]);
    return rows.map((row) => imageView(request, row, reference));
  }

  private async begin(wanted: Begun): Promise<SentMessage> {
    const { userId, chatId } = wanted;
    await this.quota.mustHaveRoom(userId);
    const coming: ComingIn = { userId, chatId, isStopped: false };
    this.comingIn.add(coming);
    try {
      const sent = await this.store(wanted);
      // Its chat was deleted while it came in: nobody would stop it any more.
      if (coming.isStopped) await this.renders.stop(sent.reply.id);
      return sent;
    } finally {
      this.comingIn.delete(coming);
    }
  }

  private async store(wanted: Begun): Promise<SentMessage> {
    const { userId, chatId, isListed = false, description } = wanted;
    const wish = keptWish(wanted);
    const sent = await this.chat.call(addImageMessages, { userId, chatId, isListed, description, wish });
    const { id: messageId, chat_id: shownIn } = sent.reply;
    const request = newRequest(
      { ...wanted, messageId, chatId: shownIn, hasChat: chatId !== null || isListed },
      this.settings,
      this.clock.now(),
    );
    try {
      await this.images.add(request);
    } catch (error) {
      await this.takeBack(request.messageId, error);
      throw error;
    }
    this.renders.start(request);
    return sent;
  }

  private async referenceOf(userId: number, body: GenerateImageBody): Promise<ImageRow | null> {
    const { reference_image_id: imageId, reference_message_id: messageId } = body;
    if (imageId !== undefined) {
      const image = await this.images.findImage(imageId, userId);
      if (image === null) throw noReference('reference_image_id', 'is no picture of yours');
      return image;
    }
    if (messageId === undefined) return null;
    const shown = await this.images.findOwned(messageId, userId);
    const [first] = shown === null ? [] : await this.images.imagesOf(messageId);
    if (first === undefined)
      throw noReference('reference_message_id', 'is no message of yours with a picture');
    return first;
  }

  /** A picture of this user and the request that it came of. @throws AppError `image.not_found`, also for uploads */
  private async madeBy(
    userId: number,
    imageId: number,
  ): Promise<{ readonly image: ImageRow; readonly request: ImageRequestRow }> {
    const image = await this.images.findImage(imageId, userId);
    const messageId = image?.messageId ?? null;
    const request = messageId === null ? null : await this.images.findOwned(messageId, userId);
    if (image === null || request === null) throw new AppError('image.not_found', { imageId });
    return { image, request };
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

/** Beside the picture that it is made like; where that has no chat, in a new one: a person who asks by hand wants to see it. */
function placeLike({ chatId, hasChat }: ImageRequestRow): Pick<Begun, 'chatId' | 'isListed'> {
  return hasChat ? { chatId } : { chatId: null, isListed: true };
}

function noReference(path: string, message: string): AppError {
  return new AppError('image.not_found', {}, { issues: [{ path, message }] });
}

/** What was asked for; else, of a picture made out of another one, that one's shape. */
function sizeOf(
  { width, height }: GenerateImageBody,
  reference: ImageRow | null,
  maxSide: number,
): { readonly width?: number | undefined; readonly height?: number | undefined } {
  if (reference === null) return { width, height };
  const like = sizeLike(reference, maxSide);
  return { width: width ?? like.width, height: height ?? like.height };
}
