import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  gpuStatus,
  processStatus,
  queueView,
  readGpuQueue,
  readGpuStatus,
  type GpuStatus,
  type ProcessStatus,
  type QueueView,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { GPU_SCHEDULER } from '../services.ts';
import { EventStreams } from '../sse/event-streams.service.ts';
import { GpuFeed } from './gpu-feed.service.ts';
import { queueViewFor } from './queue-view.ts';

@ApiTags('GPU')
@Controller('api')
export class GpuController {
  private readonly scheduler: CallClient;
  private readonly feed: GpuFeed;
  private readonly streams: EventStreams;

  constructor(
    @Inject(GPU_SCHEDULER) scheduler: CallClient,
    @Inject(GpuFeed) feed: GpuFeed,
    @Inject(EventStreams) streams: EventStreams,
  ) {
    this.scheduler = scheduler;
    this.feed = feed;
    this.streams = streams;
  }

  @Get('gpu/status')
  @ApiRoute({
    id: 'gpu_status',
    summary: 'Who holds the GPU, what happens to it, how many wait',
    access: 'user',
    answers: [{ status: 200, description: 'The present state', schema: gpuStatus }],
    errors: [...CALL_ERRORS],
  })
  status(): Promise<GpuStatus> {
    return this.scheduler.call(readGpuStatus, {});
  }

  @Get('gpu/queue')
  @ApiRoute({
    id: 'gpu_queue',
    summary: 'The queue',
    description: 'Your own requests in full; of other people’s only that they are there, and of what kind.',
    access: 'user',
    answers: [{ status: 200, description: 'Running requests first, then by place', schema: queueView }],
    errors: [...CALL_ERRORS],
  })
  async queue(@Caller() caller: CurrentUser): Promise<QueueView> {
    const { entries } = await this.scheduler.call(readGpuQueue, {});
    return queueViewFor(caller.id, entries);
  }

  @Get('gpu/events')
  @ApiRoute({
    id: 'gpu_events',
    summary: 'The GPU and the queue, as they change',
    description:
      'Server-sent events: `status` (as `GET /api/gpu/status`) at once and on every change, `queue` (as `GET ' +
      '/api/gpu/queue`) at once and when your view of it changes, at most once a second.',
    access: 'user',
    answers: [{ status: 200, description: 'The events', media: { 'text/event-stream': 'GpuFeedEvent' } }],
    errors: [],
  })
  async events(@Caller() caller: CurrentUser, @Res() reply: FastifyReply): Promise<void> {
    await this.streams.serve(caller.id, reply, (stream) => this.feed.watch(caller.id, stream));
  }

  @Get('process/status')
  @ApiRoute({
    id: 'process_status',
    summary: 'The engines and the card',
    access: 'user',
    answers: [{ status: 200, description: 'What runs on the GPU host', schema: processStatus }],
    errors: [...CALL_ERRORS],
  })
  async processes(): Promise<ProcessStatus> {
    const { node, card, engines } = await this.scheduler.call(readGpuStatus, {});
    return { node, card, engines };
  }
}
