import { Body, Controller, Get, Headers, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  answerNow,
  getReply,
  message,
  replyEventsQuery,
  stopRepliesBody,
  stopReceipt,
  type Message,
  type StopRepliesBody,
  type StopReceipt,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { idParams, type IdParams } from '../params.ts';
import { CHAT_SERVICE } from '../services.ts';
import { EventStreams } from '../sse/event-streams.service.ts';
import { parseLastEventId } from './last-event-id.ts';
import { ReplyStops } from './reply-stops.service.ts';
import { ReplyStreamService } from './reply-stream.service.ts';

@ApiTags('Replies')
@Controller('api/replies')
export class RepliesController {
  private readonly chats: CallClient;
  private readonly streams: EventStreams;
  private readonly replies: ReplyStreamService;
  private readonly stops: ReplyStops;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(EventStreams) streams: EventStreams,
    @Inject(ReplyStreamService) replies: ReplyStreamService,
    @Inject(ReplyStops) stops: ReplyStops,
  ) {
    this.chats = chats;
    this.streams = streams;
    this.replies = replies;
    this.stops = stops;
  }

  @Get(':id')
  @ApiRoute({
    id: 'replies_get',
    summary: 'A reply, or the message of an image request, as it stands',
    access: 'user',
    answers: [{ status: 200, description: 'The assistant message', schema: message }],
    errors: ['request.invalid', 'reply.not_found', ...CALL_ERRORS],
  })
  get(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<Message> {
    return this.chats.call(getReply, { userId: caller.id, replyId: id });
  }

  @Get(':id/events')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Go on behind this event; browsers send it by themselves when they reconnect',
    schema: { type: 'integer', minimum: 0 },
  })
  @ApiRoute({
    id: 'replies_events',
    summary: 'Everything that happens to a reply, as it happens',
    description:
      'Server-sent events. `event` is the type, `data` the JSON, `id` the position to come back to. Waiting (with ' +
      'place, reason and estimate), swap, loading, text, image progress; the last event is `end`. Any number of ' +
      'readers may follow one reply, and leaving does not stop it. `reset` means: forget the text you have.',
    access: 'user',
    answers: [{ status: 200, description: 'The events', media: { 'text/event-stream': 'ReplyEvent' } }],
    errors: ['request.invalid', 'reply.not_found', 'store.unavailable', ...CALL_ERRORS],
  })
  async events(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: replyEventsQuery }) query: z.output<typeof replyEventsQuery>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = parseLastEventId(lastEventId) ?? query.after ?? 0;
    await this.streams.serve(caller.id, reply, async (stream) => {
      const message = await this.chats.call(getReply, { userId: caller.id, replyId: id });
      await this.replies.send(stream, { userId: caller.id, message, after });
    });
  }

  @Post(':id/cancel')
  @ApiRoute({
    id: 'replies_cancel',
    summary: 'Stop a reply or a render',
    description:
      'In whatever state it is; one that has ended stays as it is. What was written so far is kept.',
    access: 'user',
    answers: [{ status: 200, description: 'The assistant message', schema: message }],
    errors: ['request.invalid', 'reply.not_found', ...CALL_ERRORS],
  })
  cancel(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<Message> {
    return this.stops.stop(caller.id, id);
  }

  @Post(':id/answer-now')
  @ApiRoute({
    id: 'replies_answer_now',
    summary: 'Have the CPU answer a reply that waits for the GPU',
    description:
      'Its place in the queue is given back, and a small model on the CPU answers under the same id; `details` and ' +
      '`routed` in its events say so. `POST /api/chats/{chat_id}/messages/{id}/regenerate` with `{"engine": "gpu"}` ' +
      'has it answered again on the GPU.',
    access: 'user',
    answers: [{ status: 200, description: 'The assistant message', schema: message }],
    errors: [
      'request.invalid',
      'reply.not_found',
      'reply.not_waiting',
      'local.not_set_up',
      'local.not_installed',
      'local.model_unreadable',
      'model.no_vision',
      ...CALL_ERRORS,
    ],
  })
  now(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<Message> {
    return this.chats.call(answerNow, { userId: caller.id, replyId: id });
  }

  @Post('cancel')
  @ApiRoute({
    id: 'replies_cancel_all',
    summary: 'Stop everything that is being made for you, or for one of your chats',
    description: 'Answers when the replies have ended. What was written so far is kept.',
    access: 'user',
    answers: [{ status: 200, description: 'What was stopped', schema: stopReceipt }],
    errors: [...BODY_ERRORS, 'chat.not_found', ...CALL_ERRORS],
  })
  cancelAll(
    @Caller() caller: CurrentUser,
    @Body({ schema: stopRepliesBody }) body: StopRepliesBody,
  ): Promise<StopReceipt> {
    return this.stops.stopAll(caller.id, body.chat_id);
  }
}
