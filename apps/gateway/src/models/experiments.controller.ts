import { Body, Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  createExperiment,
  endExperiment,
  experiment,
  experimentBody,
  listExperiments,
  type Experiment,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { idParams, type IdParams } from '../params.ts';
import { CHAT_SERVICE } from '../services.ts';

const experimentList = z.object({ experiments: z.array(experiment) }).meta({ id: 'ExperimentList' });

/** Comparisons between two models over everybody's chats: figures only, no word of what was said. */
@ApiTags('Models')
@Controller('api/experiments')
export class ExperimentsController {
  private readonly chats: CallClient;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient) {
    this.chats = chats;
  }

  @Get()
  @ApiRoute({
    id: 'experiments_list',
    summary: 'Comparisons of models, with their figures',
    access: 'admin',
    answers: [{ status: 200, description: 'Newest first', schema: experimentList }],
    errors: [...CALL_ERRORS],
  })
  list(): Promise<{ experiments: Experiment[] }> {
    return this.chats.call(listExperiments, {});
  }

  @Post()
  @ApiRoute({
    id: 'experiments_create',
    summary: 'Compare two models',
    description:
      'Of the chats that ask for `model`, `share` percent are answered by `variant`; a chat stays on its side, and each ' +
      'answer says that it was part of it. A variant that is not installed changes nothing.',
    access: 'admin',
    answers: [{ status: 201, description: 'The comparison, under way', schema: experiment }],
    errors: [...BODY_ERRORS, 'model.unknown', 'experiment.model_taken', ...CALL_ERRORS],
  })
  create(
    @Caller() caller: CurrentUser,
    @Body({ schema: experimentBody }) body: z.output<typeof experimentBody>,
  ): Promise<Experiment> {
    return this.chats.call(createExperiment, { userId: caller.id, body });
  }

  @Post(':id/end')
  @ApiRoute({
    id: 'experiments_end',
    summary: 'End a comparison',
    description: 'From now on everybody is answered by the model they ask for. The figures stay.',
    access: 'admin',
    answers: [{ status: 200, description: 'The comparison with its figures', schema: experiment }],
    errors: ['request.invalid', 'experiment.not_found', ...CALL_ERRORS],
  })
  end(@Param({ schema: idParams }) { id }: IdParams): Promise<Experiment> {
    return this.chats.call(endExperiment, { experimentId: id });
  }
}
