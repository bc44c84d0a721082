import { Body, Controller, Delete, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  cancelImage,
  chatWithMessages,
  deleteMessage,
  editMessage,
  editMessageBody,
  message,
  rateMessage,
  rateMessageBody,
  selectMessage,
  type Message,
} from '@baton/contracts';
import { codeOf } from '@baton/kernel';
import { CallClient, Log } from '@baton/platform';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { chatMessageParams, type ChatMessageParams } from '../params.ts';
import { CHAT_SERVICE, IMAGE_SERVICE } from '../services.ts';

const NOT_THERE = ['chat.not_found', 'chat.message_not_found'] as const;

/** One message that is there. */
@ApiTags('Chats')
@Controller('api/chats/:chat_id/messages/:message_id')
export class MessagesController {
  private readonly chats: CallClient;
  private readonly images: CallClient;
  private readonly log: Log;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(IMAGE_SERVICE) images: CallClient,
    @Inject(Log) log: Log,
  ) {
    this.chats = chats;
    this.images = images;
    this.log = log;
  }

  @Put()
  @ApiRoute({
    id: 'messages_edit',
    summary: 'Change the words of a message',
    description:
      'Yours or an answer. Nothing is answered anew: to ask differently, send a message with `replaces`.',
    access: 'user',
    answers: [{ status: 200, description: 'The message as it is now', schema: message }],
    errors: [...BODY_ERRORS, ...NOT_THERE, 'message.being_written', ...CALL_ERRORS],
  })
  edit(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatMessageParams }) params: ChatMessageParams,
    @Body({ schema: editMessageBody }) body: z.output<typeof editMessageBody>,
  ): Promise<Message> {
    return this.chats.call(editMessage, { ...nameOf(caller, params), body });
  }

  @Delete()
  @ApiRoute({
    id: 'messages_delete',
    summary: 'Delete a message',
    description:
      'This one only: what followed it follows the message before. One that is being written is stopped first.',
    access: 'user',
    answers: [{ status: 204, description: 'It is gone' }],
    errors: ['request.invalid', ...NOT_THERE, ...CALL_ERRORS],
  })
  async delete(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatMessageParams }) params: ChatMessageParams,
  ): Promise<void> {
    const { kind } = await this.chats.call(deleteMessage, nameOf(caller, params));
    if (kind !== 'image') return;
    // The message is gone whether or not the render can be told: at worst one is finished that nobody sees.
    const render = { userId: caller.id, messageId: params.message_id };
    await this.images.call(cancelImage, render).catch((error: unknown) => {
      const code = codeOf(error);
      if (code !== 'image.not_found') this.log.warn('message.cancel_image', { ...render, code });
    });
  }

  @Post('select')
  @ApiRoute({
    id: 'messages_select',
    summary: 'Show the branch of a message',
    description: 'The branch that this message is on is shown from now on, down to its newest end.',
    access: 'user',
    answers: [
      {
        status: 200,
        description: 'The chat and the newest messages of that branch',
        schema: chatWithMessages,
      },
    ],
    errors: ['request.invalid', ...NOT_THERE, ...CALL_ERRORS],
  })
  select(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatMessageParams }) params: ChatMessageParams,
  ): Promise<z.output<typeof chatWithMessages>> {
    return this.chats.call(selectMessage, nameOf(caller, params));
  }

  @Put('rating')
  @ApiRoute({
    id: 'messages_rate',
    summary: 'Rate an answer',
    description: '`null` takes the rating back.',
    access: 'user',
    answers: [{ status: 200, description: 'The answer with its rating', schema: message }],
    errors: [...BODY_ERRORS, ...NOT_THERE, 'message.being_written', ...CALL_ERRORS],
  })
  rate(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatMessageParams }) params: ChatMessageParams,
    @Body({ schema: rateMessageBody }) body: z.output<typeof rateMessageBody>,
  ): Promise<Message> {
    return this.chats.call(rateMessage, { ...nameOf(caller, params), body });
  }
}

function nameOf(
  caller: CurrentUser,
  { chat_id: chatId, message_id: messageId }: ChatMessageParams,
): { userId: number; chatId: number; messageId: number } {
  return { userId: caller.id, chatId, messageId };
}
