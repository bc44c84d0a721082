import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CHAT_LIMITS,
  chatSession,
  createChat,
  getChat,
  sessionBody,
  type Chat,
  type ChatSession,
  type Message,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { sessionParams, type SessionParams } from '../params.ts';
import { CHAT_SERVICE } from '../services.ts';

/** Sessions of the older routes: each is a chat, kept and in the list. */
@ApiTags('One-shot chat')
@Controller('api/chat/session')
export class SessionsController {
  private readonly chats: CallClient;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient) {
    this.chats = chats;
  }

  @Post()
  @ApiRoute({
    id: 'chat_session_create',
    summary: 'Begin a session',
    description: 'The same as `POST /api/chats`: its id is the id of a chat.',
    access: 'user',
    answers: [{ status: 201, description: 'The new session', schema: chatSession }],
    errors: [...BODY_ERRORS, ...CALL_ERRORS],
  })
  async create(
    @Caller() caller: CurrentUser,
    @Body({ schema: sessionBody }) body: z.output<typeof sessionBody>,
  ): Promise<ChatSession> {
    return sessionOf(await this.chats.call(createChat, { userId: caller.id, chat: body }), []);
  }

  @Get(':session_id')
  @ApiRoute({
    id: 'chat_session_get',
    summary: 'A session with its newest messages',
    access: 'user',
    answers: [{ status: 200, description: 'The session', schema: chatSession }],
    errors: ['request.invalid', 'chat.not_found', ...CALL_ERRORS],
  })
  async get(
    @Caller() caller: CurrentUser,
    @Param({ schema: sessionParams }) { session_id: chatId }: SessionParams,
  ): Promise<ChatSession> {
    const limit = CHAT_LIMITS.messagesPage;
    const { chat, messages } = await this.chats.call(getChat, { userId: caller.id, chatId, limit });
    return sessionOf(chat, messages);
  }
}

function sessionOf({ id, title, created_at }: Chat, messages: readonly Message[]): ChatSession {
  return { session_id: id, title, created_at, messages: [...messages] };
}
