import { Controller, Get, Inject, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  cardHistory,
  engineLogs,
  engineLogsQuery,
  engineQuery,
  engineRestart,
  gpuNodeQuery,
  readCardHistory,
  readEngineLogs,
  restartEngine,
  type CardHistory,
  type EngineLogs,
  type EngineLogsQuery,
  type EngineQuery,
  type EngineRestart,
  type GpuNodeQuery,
} from '@baton/contracts';
import { Log } from '@baton/platform';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { ProcessManagers } from './process-managers.client.ts';

/** The processes behind the engines. What an engine prints may hold what people wrote to it: for administrators. */
@ApiTags('GPU')
@Controller('api/process')
export class EnginesController {
  private readonly managers: ProcessManagers;
  private readonly log: Log;

  constructor(@Inject(ProcessManagers) managers: ProcessManagers, @Inject(Log) log: Log) {
    this.managers = managers;
    this.log = log;
  }

  @Post('restart')
  @ApiRoute({
    id: 'process_restart',
    summary: 'End an engine’s process and start it anew',
    description:
      'What runs in it is lost: replies that have begun end as they are, images are made anew. An engine that was ' +
      'running before Baton is not Baton’s to restart, unless its owner has said how.',
    access: 'admin',
    answers: [{ status: 202, description: 'It has begun; the status shows the rest', schema: engineRestart }],
    errors: ['request.invalid', 'engine.not_ours', ...CALL_ERRORS],
  })
  async restart(
    @Caller() caller: CurrentUser,
    @Query({ schema: engineQuery }) { service, node }: EngineQuery,
  ): Promise<EngineRestart> {
    await this.managers.of(node).call(restartEngine, { engine: service });
    this.log.event('engine.restart', { userId: caller.id, engine: service });
    return { service };
  }

  @Get('card-history')
  @ApiRoute({
    id: 'process_card_history',
    summary: 'Memory of the card over the last time',
    access: 'admin',
    answers: [{ status: 200, description: 'Samples at an even pace', schema: cardHistory }],
    errors: ['request.invalid', ...CALL_ERRORS],
  })
  async cardHistory(@Query({ schema: gpuNodeQuery }) { node }: GpuNodeQuery): Promise<CardHistory> {
    return this.managers.of(node).call(readCardHistory, {});
  }

  @Get('logs')
  @ApiRoute({
    id: 'process_logs',
    summary: 'The last lines an engine printed',
    description:
      'Oldest first. Where an engine was not started by Baton, or is run by an external process manager, there is no ' +
      'way to them.',
    access: 'admin',
    answers: [{ status: 200, description: 'The lines', schema: engineLogs }],
    errors: ['request.invalid', 'engine.no_logs', 'engine.unavailable', ...CALL_ERRORS],
  })
  async logs(
    @Query({ schema: engineLogsQuery }) { service, lines, node }: EngineLogsQuery,
  ): Promise<EngineLogs> {
    return this.managers.of(node).call(readEngineLogs, { engine: service, lines });
  }
}
