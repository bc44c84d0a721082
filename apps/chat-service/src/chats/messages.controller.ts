import { deleteMessage, editMessage, rateMessage, selectMessage, type Message } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { GenerationService } from '../replies/generation.service.ts';
import { RepliesService } from '../replies/replies.service.ts';
import { ChatsService } from './chats.service.ts';
import { MessagesService } from './messages.service.ts';
import { withLiveState } from './views.ts';

/** Calls about one message that is there. */
@Controller()
export class MessagesController {
  private readonly messages: MessagesService;
  private readonly chats: ChatsService;
  private readonly replies: RepliesService;
  private readonly generation: GenerationService;

  constructor(
    messages: MessagesService,
    chats: ChatsService,
    replies: RepliesService,
    generation: GenerationService,
  ) {
    this.messages = messages;
    this.chats = chats;
    this.replies = replies;
    this.generation = generation;
  }

  @HandleCall(editMessage)
  edit({ body, ...name }: z.output<typeof editMessage.request>): Promise<Message> {
    return this.messages.edit(name, body.content);
  }

  @HandleCall(rateMessage)
  rate({ body, ...name }: z.output<typeof rateMessage.request>): Promise<Message> {
    return this.messages.rate(name, body.rating);
  }

  @HandleCall(selectMessage)
  async select(name: z.output<typeof selectMessage.request>): Promise<z.output<typeof selectMessage.reply>> {
    await this.messages.select(name);
    const shown = await this.chats.get(name.userId, name.chatId);
    return {
      ...shown,
      messages: shown.messages.map((message) => withLiveState(message, this.generation.stateOf(message.id))),
    };
  }

  /**
   * An answer is stopped with its question: asked later, it would find nothing to answer. Pictures under way are stopped by
   * whoever asks: they are made by image-service.
   */
  @HandleCall(deleteMessage)
  async delete(name: z.output<typeof deleteMessage.request>): Promise<z.output<typeof deleteMessage.reply>> {
    const { kind } = await this.messages.find(name);
    const written = await this.messages.beingWritten(name);
    await Promise.all(written.map((id) => this.replies.cancel(name.userId, id)));
    await this.messages.remove(name);
    return { deleted: true, kind };
  }
}
