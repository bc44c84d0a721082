import { listModels, type ModelList } from '@baton/contracts';
import { HandleCall } from '@baton/platform';
import { Controller } from '@nestjs/common';
import { ModelsService } from './models.service.ts';

@Controller()
export class ModelsController {
  private readonly models: ModelsService;

  constructor(models: ModelsService) {
    this.models = models;
  }

  @HandleCall(listModels)
  list(): Promise<ModelList> {
    return this.models.list();
  }
}
