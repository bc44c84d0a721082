import type { MessageDetails } from '@baton/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { ExchangesService, type ReplyTask } from '../chats/exchanges.service.ts';
import { heardBy } from '../dialogues/heard-by.ts';
import type { EngineMessage } from '../engines/chat-engine.ts';
import { ModelsService } from '../models/models.service.ts';
import { REPLY_SETTINGS, type ReplySettings } from '../tokens.ts';
import { fitPrompt } from './history.ts';
import { PicturesClient } from './pictures.client.ts';

export interface Prompt {
  readonly messages: readonly EngineMessage[];
  readonly truncation: MessageDetails['truncation'];
}

/** What a model is asked: the conversation as far as it fits, and the pictures in it for a model that can see. */
@Injectable()
export class PromptsService {
  private readonly exchanges: ExchangesService;
  private readonly models: ModelsService;
  private readonly pictures: PicturesClient;
  private readonly settings: ReplySettings;

  constructor(
    exchanges: ExchangesService,
    models: ModelsService,
    pictures: PicturesClient,
    @Inject(REPLY_SETTINGS) settings: ReplySettings,
  ) {
    this.exchanges = exchanges;
    this.models = models;
    this.pictures = pictures;
    this.settings = settings;
  }

  /**
   * Read while the reply waits for its turn: not before its job is on its way, and not only once the GPU is ours.
   *
   * @throws AppError `image.not_found`, `call.unreachable` when a picture of the question cannot be had
   */
  async read(task: ReplyTask, model: string, contextLength = this.settings.contextLength): Promise<Prompt> {
    await new Promise(setImmediate);
    const { messages, truncation } = await fitPrompt({
      systemPrompt: task.systemPrompt,
      newestFirst: heardBy(this.exchanges.before(task.chatId, task.replyId), task.details.speaker ?? null),
      contextLength,
      maxTokens: task.maxTokens,
      olderThan: (messageId) => this.exchanges.countTo(task.chatId, messageId),
    });
    const canSee = this.models.can(model, 'vision') !== false;
    const shown = messages.map(async ({ role, content, imageIds }, index) => {
      if (!canSee || imageIds.length === 0) return { role, content };
      const isQuestion = index === messages.length - 1;
      return { role, content, images: await this.imagesOf(task.userId, imageIds, isQuestion) };
    });
    return { messages: await Promise.all(shown), truncation };
  }

  /** Pictures of the question must be there; older ones may have been deleted since. */
  private async imagesOf(userId: number, ids: readonly number[], isQuestion: boolean): Promise<string[]> {
    const read = ids.map((id) => this.pictures.base64(userId, id));
    if (isQuestion) return Promise.all(read);
    const found = await Promise.allSettled(read);
    return found.flatMap((picture) => (picture.status === 'fulfilled' ? [picture.value] : []));
  }
}
