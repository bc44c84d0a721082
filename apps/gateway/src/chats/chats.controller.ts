import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import {
  cancelChatImages,
  chat,
  chatPage,
  chatWithMessages,
  createChat,
  createChatBody,
  deleteChat,
  getChat,
  getChatQuery,
  listChats,
  listChatsQuery,
  message,
  regenerateBody,
  regenerateReply,
  sendMessage,
  sendMessageBody,
  updateChat,
  updateChatBody,
  type Chat,
  type CreateChatBody,
  type Message,
  type SendMessageBody,
  type UpdateChatBody,
} from '@baton/contracts';
import { codeOf } from '@baton/kernel';
import { CallClient, Log } from '@baton/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { chatMessageParams, idParams, type ChatMessageParams, type IdParams } from '../params.ts';
import { ReplyStreamService } from '../replies/reply-stream.service.ts';
import { CHAT_SERVICE, IMAGE_SERVICE } from '../services.ts';
import { wantsEventStream } from '../sse/event-stream.ts';
import { EventStreams } from '../sse/event-streams.service.ts';

/** What asking a model can fail with before it has begun. */
const ANSWER_ERRORS = [
  'chat.busy',
  'chat.model_required',
  'model.unknown',
  'model.none_installed',
  'model.no_vision',
  'model.no_thinking',
  'local.not_set_up',
] as const;

@ApiTags('Chats')
@Controller('api/chats')
export class ChatsController {
  private readonly chats: CallClient;
  private readonly images: CallClient;
  private readonly streams: EventStreams;
  private readonly replies: ReplyStreamService;
  private readonly log: Log;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(IMAGE_SERVICE) images: CallClient,
    @Inject(EventStreams) streams: EventStreams,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
    @Inject(Log) log: Log,
  ) {
    this.chats = chats;
    this.images = images;
    this.streams = streams;
    this.replies = replies;
    this.log = log;
  }

  @Get()
  @ApiRoute({
    id: 'chats_list',
    summary: 'List your chats, or find them by text',
    description:
      'Pinned chats first, then the latest. With `q`, chats whose title and messages hold words that begin like each of those.',
    access: 'user',
    answers: [{ status: 200, description: 'A page of chats', schema: chatPage }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  list(
    @Caller() caller: CurrentUser,
    @Query({ schema: listChatsQuery }) query: z.output<typeof listChatsQuery>,
  ): Promise<z.output<typeof chatPage>> {
    return this.chats.call(listChats, { ...query, userId: caller.id });
  }

  @Post()
  @ApiRoute({
    id: 'chats_create',
    summary: 'Begin a chat',
    access: 'user',
    answers: [{ status: 201, description: 'The new chat', schema: chat }],
    errors: [...BODY_ERRORS, 'model.unknown', ...CALL_ERRORS],
  })
  create(
    @Caller() caller: CurrentUser,
    @Body({ schema: createChatBody }) body: CreateChatBody,
  ): Promise<Chat> {
    return this.chats.call(createChat, { userId: caller.id, chat: body });
  }

  @Get(':id')
  @ApiRoute({
    id: 'chats_get',
    summary: 'A chat with its newest messages',
    description:
      'Messages of the branch that is shown, oldest first. `previous_cursor` goes into `before` for those before them.',
    access: 'user',
    answers: [{ status: 200, description: 'The chat and a page of its messages', schema: chatWithMessages }],
    errors: ['request.invalid', 'chat.not_found', ...CALL_ERRORS],
  })
  get(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: getChatQuery }) query: z.output<typeof getChatQuery>,
  ): Promise<z.output<typeof chatWithMessages>> {
    return this.chats.call(getChat, { ...query, userId: caller.id, chatId: id });
  }

  @Put(':id')
  @ApiRoute({
    id: 'chats_update',
    summary: 'Change a chat',
    description: 'Only the fields that are sent are changed; `null` takes a setting back to its default.',
    access: 'user',
    answers: [{ status: 200, description: 'The chat as it is now', schema: chat }],
    errors: [...BODY_ERRORS, 'chat.not_found', 'model.unknown', ...CALL_ERRORS],
  })
  update(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: updateChatBody }) changes: UpdateChatBody,
  ): Promise<Chat> {
    return this.chats.call(updateChat, { userId: caller.id, chatId: id, changes });
  }

  @Delete(':id')
  @ApiRoute({
    id: 'chats_delete',
    summary: 'Delete a chat and its messages',
    access: 'user',
    answers: [{ status: 204, description: 'It is gone' }],
    errors: ['request.invalid', 'chat.not_found', ...CALL_ERRORS],
  })
  async delete(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<void> {
    const asked = { userId: caller.id, chatId: id };
    await this.chats.call(deleteChat, asked);
    // The chat is gone whether or not the renders can be told: at worst one is finished that nobody sees.
    await this.images.call(cancelChatImages, asked).catch((error: unknown) => {
      this.log.warn('chat.cancel_images', { chatId: id, code: codeOf(error) });
    });
  }

  @Post(':id/messages')
  @ApiRoute({
    id: 'messages_send',
    summary: 'Send a message',
    description:
      'Answers as soon as the message is stored; the reply is then read from `GET /api/replies/{reply.id}/events`. ' +
      'With `Accept: text/event-stream` the answer is that stream itself, opened by an event `sent` with the JSON ' +
      'of the 201. Leaving the stream does not stop the reply.',
    access: 'user',
    answers: [
      {
        status: 201,
        description:
          'Your message, and the reply that will be written; as a stream, everything that happens to it',
        media: { 'application/json': 'SentMessage', 'text/event-stream': 'SentReplyEvent' },
      },
    ],
    errors: [
      ...BODY_ERRORS,
      'chat.not_found',
      'chat.message_not_found',
      ...ANSWER_ERRORS,
      'image.not_found',
      ...CALL_ERRORS,
    ],
  })
  async send(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Body({ schema: sendMessageBody }) body: SendMessageBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!wantsEventStream(request)) {
      const sent = await this.chats.call(sendMessage, { userId: caller.id, chatId: id, body });
      await reply.status(201).send(sent);
      return;
    }
    await this.streams.serve(caller.id, reply, async (stream) => {
      const sent = await this.chats.call(sendMessage, { userId: caller.id, chatId: id, body });
      stream.write({ event: 'sent', json: JSON.stringify(sent) });
      await this.replies.send(stream, { userId: caller.id, message: sent.reply, after: 0 });
    });
  }

  @Post(':chat_id/messages/:message_id/regenerate')
  @ApiBody({ required: false })
  @ApiRoute({
    id: 'messages_regenerate',
    summary: 'Answer a question again',
    description:
      'Another version beside the old answer, which stays: `POST …/select` shows it again. Without a body as before, but never from the cache.',
    access: 'user',
    answers: [{ status: 201, description: 'The reply that will be written', schema: message }],
    errors: [...BODY_ERRORS, 'chat.not_found', 'chat.message_not_found', ...ANSWER_ERRORS, ...CALL_ERRORS],
  })
  regenerate(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatMessageParams }) params: ChatMessageParams,
    @Body({ schema: regenerateBody.optional() }) body: z.output<typeof regenerateBody> | undefined,
  ): Promise<Message> {
    return this.chats.call(regenerateReply, {
      userId: caller.id,
      chatId: params.chat_id,
      messageId: params.message_id,
      body,
    });
  }
}
