import { Body, Controller, Get, Headers, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import {
  cancelPull,
  isFinalState,
  listPulls,
  pull,
  pullBody,
  pullLogKey,
  replyEventsQuery,
  startPull,
  type Pull,
} from '@baton/contracts';
import { AppError, ERRORS, isErrorCode } from '@baton/kernel';
import { CallClient } from '@baton/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { parseLastEventId } from '../replies/last-event-id.ts';
import { LogStreamService, type LoggedWork } from '../replies/log-stream.service.ts';
import { CHAT_SERVICE } from '../services.ts';
import type { EventSink } from '../sse/event-sink.ts';
import { wantsEventStream } from '../sse/event-stream.ts';
import { EventStreams } from '../sse/event-streams.service.ts';

const pullParams = z.object({ id: z.uuid() });
type PullParams = z.output<typeof pullParams>;
const pullList = z.object({ pulls: z.array(pull) }).meta({ id: 'PullList' });

/** Downloads of models. They are everybody's: whichever administrator began one, any of them may follow and end it. */
@ApiTags('Models')
@Controller('api/models')
export class PullsController {
  private readonly chats: CallClient;
  private readonly streams: EventStreams;
  private readonly logs: LogStreamService;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(EventStreams) streams: EventStreams,
    @Inject(LogStreamService) logs: LogStreamService,
  ) {
    this.chats = chats;
    this.streams = streams;
    this.logs = logs;
  }

  @Post('pull')
  @ApiRoute({
    id: 'models_pull',
    summary: 'Download a model',
    description:
      'It goes on whether somebody watches or not, over restarts as well; two requests for one model are one download. With ' +
      '`Accept: text/event-stream` the answer is its events (as of `GET /api/models/pulls/{id}/events`), opened by an ' +
      'event `started` with the JSON of the 201.',
    access: 'admin',
    answers: [
      {
        status: 201,
        description: 'The download; as a stream, everything that happens to it',
        media: { 'application/json': 'Pull', 'text/event-stream': 'StartedPullEvent' },
      },
    ],
    errors: [...BODY_ERRORS, 'server.unknown', 'model.unknown', 'model.cannot_change', ...CALL_ERRORS],
  })
  async pull(
    @Caller() caller: CurrentUser,
    @Body({ schema: pullBody }) body: z.output<typeof pullBody>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!wantsEventStream(request)) {
      await reply.status(201).send(await this.chats.call(startPull, { userId: caller.id, body }));
      return;
    }
    await this.streams.serve(caller.id, reply, async (stream) => {
      const started = await this.chats.call(startPull, { userId: caller.id, body });
      void reply.status(201);
      stream.start();
      stream.write({ event: 'started', json: JSON.stringify(started) });
      await this.follow(stream, started, 0);
    });
  }

  @Get('pulls')
  @ApiRoute({
    id: 'models_pulls',
    summary: 'Downloads of the last day, newest first',
    access: 'admin',
    answers: [{ status: 200, description: 'The downloads', schema: pullList }],
    errors: [...CALL_ERRORS],
  })
  pulls(): Promise<{ pulls: Pull[] }> {
    return this.chats.call(listPulls, {});
  }

  @Get('pulls/:id/events')
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Go on behind this event; browsers send it by themselves when they reconnect',
    schema: { type: 'integer', minimum: 0 },
  })
  @ApiRoute({
    id: 'models_pull_events',
    summary: 'How far a download is, as it happens',
    description:
      'Server-sent events: `pull` with the bytes that are there, at the end `end`. `id` is the position to come back to.',
    access: 'admin',
    answers: [{ status: 200, description: 'The events', media: { 'text/event-stream': 'ReplyEvent' } }],
    errors: ['request.invalid', 'pull.not_found', 'store.unavailable', ...CALL_ERRORS],
  })
  async events(
    @Caller() caller: CurrentUser,
    @Param({ schema: pullParams }) { id }: PullParams,
    @Query({ schema: replyEventsQuery }) query: z.output<typeof replyEventsQuery>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = parseLastEventId(lastEventId) ?? query.after ?? 0;
    await this.streams.serve(caller.id, reply, async (stream) => {
      await this.follow(stream, await this.find(id), after);
    });
  }

  @Post('pulls/:id/cancel')
  @ApiRoute({
    id: 'models_pull_cancel',
    summary: 'End a download',
    description:
      'What is there already is kept by the model server, so that a later download goes on with it.',
    access: 'admin',
    answers: [{ status: 200, description: 'The download; one that had ended stays as it is', schema: pull }],
    errors: ['request.invalid', 'pull.not_found', ...CALL_ERRORS],
  })
  cancel(@Param({ schema: pullParams }) { id }: PullParams): Promise<Pull> {
    return this.chats.call(cancelPull, { pullId: id });
  }

  private follow(sink: EventSink, started: Pull, after: number): Promise<void> {
    const { id } = started;
    return this.logs.send(sink, {
      key: pullLogKey(id),
      after,
      work: workOf(started),
      ask: async () => workOf(await this.find(id)),
    });
  }

  private async find(pullId: string): Promise<Pull> {
    const { pulls } = await this.chats.call(listPulls, {});
    const found = pulls.find(({ id }) => id === pullId);
    if (found === undefined) throw new AppError('pull.not_found', { pullId });
    return found;
  }
}

/** What a reader is told who comes when the log is gone. */
function workOf({ state, status, completed_bytes, total_bytes, error_code: code }: Pull): LoggedWork {
  const progress = { type: 'pull', status, completed_bytes, total_bytes } as const;
  if (state === 'running' || !isFinalState(state)) return { isOver: false, whole: [progress] };
  const say = isErrorCode(code) ? ERRORS[code].say : null;
  return {
    isOver: true,
    whole: [progress, { type: 'end', state, code, say, timeline: [], usage: null }],
  };
}
