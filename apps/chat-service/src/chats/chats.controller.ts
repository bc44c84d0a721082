import {
  addImageMessages,
  createChat,
  deleteChat,
  finishImageMessage,
  forgetImageMessages,
  getChat,
  listChats,
  listGoneMessages,
  listOpenImageMessages,
  updateChat,
  type Chat,
  type SentMessage,
} from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { GenerationService } from '../replies/generation.service.ts';
import { ChatsService, type ChatPage, type OpenImageMessage } from './chats.service.ts';
import { withLiveState } from './views.ts';

@Controller()
export class ChatsController {
  private readonly chats: ChatsService;
  private readonly generation: GenerationService;

  constructor(chats: ChatsService, generation: GenerationService) {
    this.chats = chats;
    this.generation = generation;
  }

  @HandleCall(listChats)
  list({ userId, ...query }: z.output<typeof listChats.request>): Promise<ChatPage> {
    return this.chats.list(userId, query);
  }

  @HandleCall(createChat)
  create({ userId, chat }: z.output<typeof createChat.request>): Promise<Chat> {
    return this.chats.create(userId, chat);
  }

  @HandleCall(getChat)
  async get({
    userId,
    chatId,
    ...query
  }: z.output<typeof getChat.request>): Promise<z.output<typeof getChat.reply>> {
    const shown = await this.chats.get(userId, chatId, query);
    return {
      ...shown,
      messages: shown.messages.map((message) => withLiveState(message, this.generation.stateOf(message.id))),
    };
  }

  @HandleCall(updateChat)
  update({ userId, chatId, changes }: z.output<typeof updateChat.request>): Promise<Chat> {
    return this.chats.update(userId, chatId, changes);
  }

  @HandleCall(deleteChat)
  async delete({ userId, chatId }: z.output<typeof deleteChat.request>): Promise<{ deleted: true }> {
    await this.chats.delete(userId, chatId);
    await this.generation.stopChat(chatId);
    return { deleted: true };
  }

  @HandleCall(addImageMessages)
  addImageMessages(request: z.output<typeof addImageMessages.request>): Promise<SentMessage> {
    return this.chats.addImageMessages(request);
  }

  @HandleCall(finishImageMessage)
  async finishImageMessage({
    messageId,
    ...end
  }: z.output<typeof finishImageMessage.request>): Promise<{ stored: boolean }> {
    return { stored: await this.chats.finishImage(messageId, end) };
  }

  @HandleCall(forgetImageMessages)
  async forgetImageMessages({
    messageIds,
  }: z.output<typeof forgetImageMessages.request>): Promise<{ forgotten: number }> {
    return { forgotten: await this.chats.forgetImages(messageIds) };
  }

  @HandleCall(listOpenImageMessages)
  async openImageMessages(): Promise<{ messages: OpenImageMessage[] }> {
    return { messages: await this.chats.openImageMessages() };
  }

  @HandleCall(listGoneMessages)
  async goneMessages({
    messageIds,
  }: z.output<typeof listGoneMessages.request>): Promise<z.output<typeof listGoneMessages.reply>> {
    return { gone: await this.chats.goneMessages(messageIds) };
  }
}
