import {
  cancelReplies,
  cancelReply,
  getReply,
  regenerateReply,
  sendMessage,
  type Message,
  type SentMessage,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { RepliesService } from './replies.service.ts';

@Controller()
export class RepliesController {
  private readonly replies: RepliesService;

  constructor(replies: RepliesService) {
    this.replies = replies;
  }

  @HandleCall(sendMessage)
  send({ userId, chatId, body }: z.output<typeof sendMessage.request>): Promise<SentMessage> {
    const { content, model, replaces, parent_id: parentId, ...options } = body;
    return this.replies.send({ userId, chatId, content, model, replaces, parentId, options });
  }

  @HandleCall(regenerateReply)
  regenerate({ body, ...named }: z.output<typeof regenerateReply.request>): Promise<Message> {
    return this.replies.regenerate({ ...named, ...body });
  }

  @HandleCall(getReply)
  get({ userId, replyId }: z.output<typeof getReply.request>): Promise<Message> {
    return this.replies.get(userId, replyId);
  }

  @HandleCall(cancelReply)
  cancel({ userId, replyId }: z.output<typeof cancelReply.request>): Promise<Message> {
    return this.replies.cancel(userId, replyId);
  }

  @HandleCall(cancelReplies)
  async cancelAll({
    userId,
    chatId,
  }: z.output<typeof cancelReplies.request>): Promise<{ stopped: Message[] }> {
    return { stopped: await this.replies.cancelAll(userId, chatId) };
  }
}
