import type { Message, SentMessage } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { Injectable, Optional } from '@nestjs/common';
import { ExchangesService, type AnotherReply, type NewExchange } from '../chats/exchanges.service.ts';
import { withLiveState } from '../chats/views.ts';
import { SearchService } from '../search/search.service.ts';
import { GenerationService } from './generation.service.ts';
import { PicturesClient } from './pictures.client.ts';
import { RecoveryService } from './recovery.service.ts';

/** What a user can do with replies. */
@Injectable()
export class RepliesService {
  private readonly exchanges: ExchangesService;
  private readonly generation: GenerationService;
  private readonly recovery: RecoveryService;
  private readonly pictures: PicturesClient;
  private readonly search: SearchService | null;

  constructor(
    exchanges: ExchangesService,
    generation: GenerationService,
    recovery: RecoveryService,
    pictures: PicturesClient,
    @Optional() search: SearchService | null = null,
  ) {
    this.exchanges = exchanges;
    this.generation = generation;
    this.recovery = recovery;
    this.pictures = pictures;
    this.search = search;
  }

  /**
   * Answers when both messages are stored; the reply is made in the background.
   *
   * @throws AppError `image.not_found` for a picture that is not the user's; `search.not_set_up`; as `ExchangesService.begin`
   */
  async send(exchange: NewExchange): Promise<SentMessage> {
    this.search?.require(exchange.options?.web_search);
    const ids = exchange.options?.image_ids ?? [];
    const attachments = ids.length === 0 ? undefined : await this.pictures.check(exchange.userId, ids);
    const { message, reply, task } = await this.exchanges.begin({ ...exchange, attachments });
    this.generation.start(task);
    return { message, reply };
  }

  async regenerate(wanted: AnotherReply): Promise<Message> {
    const { reply, task } = await this.exchanges.again(wanted);
    this.generation.start(task);
    return reply;
  }

  async get(userId: number, replyId: number): Promise<Message> {
    return withLiveState(await this.exchanges.reply(userId, replyId), this.generation.stateOf(replyId));
  }

  /**
   * Stops a reply in whatever state it is and answers when its end is stored. Harmless for one that has ended. Images are
   * stopped by image-service: here they are `reply.not_found`.
   */
  async cancel(userId: number, replyId: number): Promise<Message> {
    const reply = await this.exchanges.reply(userId, replyId);
    if (reply.kind !== 'text') throw new AppError('reply.not_found', { replyId });
    if (reply.finished_at !== null) return reply;
    // After a restart a reply may not have been taken up yet.
    if (!this.generation.has(replyId)) await this.recovery.done();
    await this.generation.stop(replyId);
    return this.exchanges.reply(userId, replyId);
  }

  /**
   * Stops all of a user's replies, or those of one chat, and answers when their ends are stored.
   *
   * @throws AppError `chat.not_found`
   */
  async cancelAll(userId: number, chatId?: number): Promise<Message[]> {
    if (chatId !== undefined) await this.exchanges.mustHaveChat(userId, chatId);
    // After a restart they may not have been taken up yet.
    await this.recovery.done();
    const ids = this.generation.idsOf(userId, chatId);
    await Promise.all(ids.map((id) => this.generation.stop(id)));
    return Promise.all(ids.map((id) => this.exchanges.reply(userId, id)));
  }
}
