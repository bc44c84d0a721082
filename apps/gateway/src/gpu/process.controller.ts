import { randomUUID } from 'node:crypto';
import { Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  gpuNodeQuery,
  gpuSwitch,
  processStatus,
  readGpuStatus,
  readNodeStatus,
  switchGpu,
  switchQuery,
  type GpuNodeQuery,
  type GpuSwitch,
  type ProcessStatus,
  type SwitchQuery,
} from '@baton/contracts';
import { CallClient, Log } from '@baton/platform';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { GPU_SCHEDULER } from '../services.ts';
import { ProcessManagers } from './process-managers.client.ts';

const SAY = {
  done: 'It has the GPU already.',
  waits: 'It gets the GPU when its turn comes.',
  forced: 'What runs on the GPU now is taken back, and it gets the GPU next.',
} as const;

/** The engines as an operator sees them. */
@ApiTags('GPU')
@Controller('api/process')
export class ProcessController {
  private readonly scheduler: CallClient;
  private readonly managers: ProcessManagers;
  private readonly log: Log;

  constructor(
    @Inject(GPU_SCHEDULER) scheduler: CallClient,
    @Inject(ProcessManagers) managers: ProcessManagers,
    @Inject(Log) log: Log,
  ) {
    this.scheduler = scheduler;
    this.managers = managers;
    this.log = log;
  }

  @Get('status')
  @ApiRoute({
    id: 'process_status',
    summary: 'The engines and the card',
    access: 'user',
    answers: [{ status: 200, description: 'What runs on the GPU host', schema: processStatus }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  async processes(
    @Caller() caller: CurrentUser,
    @Query({ schema: gpuNodeQuery }) query: GpuNodeQuery,
  ): Promise<ProcessStatus> {
    const { node, card, engines } = await this.scheduler.call(readGpuStatus, query);
    if (caller.role !== 'admin') return { node, card, engines };
    // The scheduler has no use for them. A status without them is better than none.
    const seen = await this.managers
      .of(node)
      .call(readNodeStatus, {})
      .catch(() => null);
    return { node, card, engines, ...(seen === null ? {} : { stowaways: seen.stowaways }) };
  }

  @Post('switch')
  @ApiRoute({
    id: 'process_switch',
    summary: 'Give the GPU to an engine by hand',
    description:
      'It waits its turn like a request of somebody. With `force` everything that runs on the GPU is taken back first: ' +
      'images are made anew, replies that have begun end as they are. Ollama without `model` is the model that was on ' +
      'the GPU last.',
    access: 'admin',
    answers: [{ status: 202, description: 'What happens now', schema: gpuSwitch }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  async switch(
    @Caller() caller: CurrentUser,
    @Query({ schema: switchQuery }) query: SwitchQuery,
  ): Promise<GpuSwitch> {
    const { service, force, node } = query;
    const model = service === 'ollama' ? (query.model ?? null) : null;
    const id = randomUUID();
    const { state } = await this.scheduler.call(switchGpu, {
      id,
      engine: service,
      model,
      force,
      node,
    });
    this.log.event('gpu.switch', { userId: caller.id, orderId: id, engine: service, force, state });
    const say = state === 'done' ? SAY.done : force ? SAY.forced : SAY.waits;
    return { order_id: id, state, service, model, force, say };
  }
}
