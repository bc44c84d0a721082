import { Controller, Get, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { listModels, modelList, type ModelList } from '@baton/contracts';
import { CallClient } from '@baton/platform';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { CHAT_SERVICE } from '../services.ts';

@ApiTags('Models')
@Controller('api/chat')
export class ModelsController {
  private readonly chats: CallClient;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient) {
    this.chats = chats;
  }

  @Get('models')
  @ApiRoute({
    id: 'models_list',
    summary: 'The models that can answer',
    description: 'Looking does not use the GPU. `simulated` says that no real engine stands behind them.',
    access: 'user',
    answers: [{ status: 200, description: 'The models', schema: modelList }],
    errors: ['engine.unavailable', ...CALL_ERRORS],
  })
  list(): Promise<ModelList> {
    return this.chats.call(listModels, {});
  }
}
