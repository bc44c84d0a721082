import { createExperiment, endExperiment, listExperiments, type Experiment } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import type { z } from 'zod';
import { ExperimentsService } from './experiments.service.ts';

@Controller()
export class ExperimentsController {
  private readonly experiments: ExperimentsService;

  constructor(experiments: ExperimentsService) {
    this.experiments = experiments;
  }

  @HandleCall(listExperiments)
  async list(): Promise<{ experiments: Experiment[] }> {
    return { experiments: await this.experiments.list() };
  }

  @HandleCall(createExperiment)
  create({ userId, body }: z.output<typeof createExperiment.request>): Promise<Experiment> {
    return this.experiments.create(userId, body);
  }

  @HandleCall(endExperiment)
  end({ experimentId }: z.output<typeof endExperiment.request>): Promise<Experiment> {
    return this.experiments.end(experimentId);
  }
}
