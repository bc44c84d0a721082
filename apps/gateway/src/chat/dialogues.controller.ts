import { Body, Controller, Get, Headers, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  dialogue,
  getDialogue,
  multiModelBody,
  resumeDialogue,
  startDialogue,
  stopDialogue,
  type Dialogue,
  type MultiModelBody,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { chatParams, type ChatParams } from '../params.ts';
import { CHAT_SERVICE } from '../services.ts';
import { EventStreams } from '../sse/event-streams.service.ts';
import { BEGINNING, parsePosition } from './dialogue-position.ts';
import { DialogueStreamService } from './dialogue-stream.service.ts';

const ONE_ERRORS = ['request.invalid', 'chat.not_found', ...CALL_ERRORS] as const;

@ApiTags('Chats between models')
@Controller('api/chat/multi-model')
export class DialoguesController {
  private readonly chats: CallClient;
  private readonly streams: EventStreams;
  private readonly dialogues: DialogueStreamService;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(EventStreams) streams: EventStreams,
    @Inject(DialogueStreamService) dialogues: DialogueStreamService,
  ) {
    this.chats = chats;
    this.streams = streams;
    this.dialogues = dialogues;
  }

  @Post()
  @ApiRoute({
    id: 'dialogues_start',
    summary: 'Let models talk to each other',
    description:
      'The conversation is a chat of yours, and every turn a message of it. Answers at once; with `stream` the answer is ' +
      'the stream of its events, as of `GET /api/chat/multi-model/{chat_id}/events`. Leaving does not stop it.',
    access: 'user',
    answers: [
      {
        status: 201,
        description: 'The conversation; as a stream, everything that happens in it',
        media: { 'application/json': 'Dialogue', 'text/event-stream': 'DialogueEvent' },
      },
    ],
    errors: [...BODY_ERRORS, 'model.unknown', ...CALL_ERRORS],
  })
  async start(
    @Caller() caller: CurrentUser,
    @Body({ schema: multiModelBody }) body: MultiModelBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const start = (): Promise<Dialogue> => this.chats.call(startDialogue, { userId: caller.id, body });
    void reply.status(201);
    if (!body.stream) {
      await reply.send(await start());
      return;
    }
    await this.streams.serve(caller.id, reply, async (stream) => {
      const { chat } = await start();
      await this.dialogues.send(stream, { userId: caller.id, chatId: chat.id, from: BEGINNING });
    });
  }

  @Get(':chat_id')
  @ApiRoute({
    id: 'dialogues_get',
    summary: 'How far a chat between models is',
    description: 'Its messages are those of `GET /api/chats/{chat_id}`.',
    access: 'user',
    answers: [{ status: 200, description: 'The conversation', schema: dialogue }],
    errors: ONE_ERRORS,
  })
  get(@Caller() caller: CurrentUser, @Param({ schema: chatParams }) params: ChatParams): Promise<Dialogue> {
    return this.chats.call(getDialogue, askedBy(caller, params));
  }

  @Get(':chat_id/events')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Go on behind this event; browsers send it by themselves when they reconnect',
    schema: { type: 'string' },
  })
  @ApiRoute({
    id: 'dialogues_events',
    summary: 'Everything that happens in a chat between models, as it happens',
    description:
      'Server-sent events: `dialogue`, then for every turn `turn` with its message and the events of that reply, each with ' +
      '`reply_id`; at the end `dialogue` once more. Every `id` is a position to come back to.',
    access: 'user',
    answers: [{ status: 200, description: 'The events', media: { 'text/event-stream': 'DialogueEvent' } }],
    errors: [...ONE_ERRORS, 'store.unavailable'],
  })
  async events(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatParams }) params: ChatParams,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const from = parsePosition(lastEventId);
    await this.streams.serve(caller.id, reply, (stream) =>
      this.dialogues.send(stream, { ...askedBy(caller, params), from }),
    );
  }

  @Post(':chat_id/stop')
  @ApiRoute({
    id: 'dialogues_stop',
    summary: 'Stop a chat between models',
    description: 'Answers when the turn under way has ended. What was said is kept.',
    access: 'user',
    answers: [{ status: 200, description: 'The conversation', schema: dialogue }],
    errors: ONE_ERRORS,
  })
  stop(@Caller() caller: CurrentUser, @Param({ schema: chatParams }) params: ChatParams): Promise<Dialogue> {
    return this.chats.call(stopDialogue, askedBy(caller, params));
  }

  @Post(':chat_id/resume')
  @ApiRoute({
    id: 'dialogues_resume',
    summary: 'Go on with a chat between models',
    description:
      'A turn that was stopped or has failed is made again. One that runs or is done stays as it is.',
    access: 'user',
    answers: [{ status: 200, description: 'The conversation', schema: dialogue }],
    errors: ONE_ERRORS,
  })
  resume(
    @Caller() caller: CurrentUser,
    @Param({ schema: chatParams }) params: ChatParams,
  ): Promise<Dialogue> {
    return this.chats.call(resumeDialogue, askedBy(caller, params));
  }
}

function askedBy({ id: userId }: CurrentUser, { chat_id: chatId }: ChatParams) {
  return { userId, chatId };
}
