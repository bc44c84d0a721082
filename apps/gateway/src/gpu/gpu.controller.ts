import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  gpuHistory,
  gpuHistoryQuery,
  gpuNodeQuery,
  gpuNodes,
  gpuStatus,
  queueView,
  readGpuHistory,
  readGpuNodes,
  readGpuQueue,
  readGpuStatus,
  type GpuHistory,
  type GpuHistoryQuery,
  type GpuNodeQuery,
  type GpuStatus,
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
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  status(@Query({ schema: gpuNodeQuery }) query: GpuNodeQuery): Promise<GpuStatus> {
    return this.scheduler.call(readGpuStatus, query);
  }

  @Get('gpu/nodes')
  @ApiRoute({
    id: 'gpu_nodes',
    summary: 'The GPUs that there are',
    description: 'Where a route takes `node`, it is one of these; without it the first one is meant.',
    access: 'user',
    answers: [{ status: 200, description: 'Their names', schema: gpuNodes }],
    errors: [...CALL_ERRORS],
  })
  nodes(): Promise<{ nodes: string[] }> {
    return this.scheduler.call(readGpuNodes, {});
  }

  @Get('gpu/queue')
  @ApiRoute({
    id: 'gpu_queue',
    summary: 'The queue',
    description: 'Your own requests in full; of other people’s only that they are there, and of what kind.',
    access: 'user',
    answers: [{ status: 200, description: 'Running requests first, then by place', schema: queueView }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  async queue(
    @Caller() caller: CurrentUser,
    @Query({ schema: gpuNodeQuery }) query: GpuNodeQuery,
  ): Promise<QueueView> {
    const { entries } = await this.scheduler.call(readGpuQueue, query);
    return queueViewFor(caller.id, entries);
  }

  @Get('gpu/history')
  @ApiRoute({
    id: 'gpu_history',
    summary: 'Who had the GPU, and why',
    description:
      'Visits, newest first: the hand-over that began each, with its steps and what the driver said before and after, ' +
      'and every lease in it with the reason it was granted. The first page begins with the visit under way, beside the ' +
      '`limit`; `next` is the `before` of the following page.',
    access: 'admin',
    answers: [{ status: 200, description: 'A page of visits', schema: gpuHistory }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  history(@Query({ schema: gpuHistoryQuery }) query: GpuHistoryQuery): Promise<GpuHistory> {
    return this.scheduler.call(readGpuHistory, query);
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
}
