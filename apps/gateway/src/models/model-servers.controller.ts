import { Controller, Delete, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  deleteModel,
  listServers,
  loadModel,
  modelAction,
  modelActionQuery,
  modelServer,
  readServerModels,
  readTaskModels,
  serverList,
  serverModelsQuery,
  taskModels,
  unloadModel,
  type ModelAction,
  type ModelServer,
  type TaskModels,
} from '@baton/contracts';
import type { ErrorCode } from '@baton/kernel';
import { CallClient } from '@baton/platform';
import { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { CHAT_SERVICE } from '../services.ts';

/** As Ollama names it; in a path its slash is `%2F`. */
const modelParams = z.object({
  model_id: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .meta({ description: 'The name of a model, URL-encoded', example: 'huihui_ai/deepseek-r1:8b' }),
});
type ModelParams = z.output<typeof modelParams>;
type ActionQuery = z.output<typeof modelActionQuery>;

const ACTION_ERRORS = [
  'request.invalid',
  'server.unknown',
  'model.unknown',
  'model.cannot_change',
  'engine.unavailable',
  'engine.failed',
  'engine.stalled',
  ...CALL_ERRORS,
] as const satisfies readonly ErrorCode[];

const UNLOAD_DESCRIPTION =
  'Answers when the memory is really free, by the word of the model server and of the card’s driver: `freed_bytes` says ' +
  'how much that is. A model that somebody uses just now goes when its answers are done (`accepted`); they are not harmed.';

@ApiTags('Models')
@Controller('api/models')
export class ModelServersController {
  private readonly chats: CallClient;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient) {
    this.chats = chats;
  }

  @Get('servers')
  @ApiRoute({
    id: 'models_servers',
    summary: 'The model servers and what is on them',
    description:
      'From memory: nobody waits for a slow server, and looking does not use the GPU. A server that has not been asked yet ' +
      'is `checking`. Addresses are for administrators.',
    access: 'user',
    answers: [{ status: 200, description: 'The GPU node’s first', schema: serverList }],
    errors: [...CALL_ERRORS],
  })
  servers(@Caller() caller: CurrentUser): Promise<{ servers: ModelServer[] }> {
    return this.chats.call(listServers, { isAdmin: caller.role === 'admin' });
  }

  @Get('server/models')
  @ApiRoute({
    id: 'models_server',
    summary: 'One model server, looked at now',
    description:
      'By its id, or by its address (`/v1` at the end may stay). Only configured servers are asked; an address is compared ' +
      'with theirs and never opened.',
    access: 'user',
    answers: [{ status: 200, description: 'The server with its models', schema: modelServer }],
    errors: ['request.invalid', 'server.unknown', ...CALL_ERRORS],
  })
  server(
    @Caller() caller: CurrentUser,
    @Query({ schema: serverModelsQuery }) query: z.output<typeof serverModelsQuery>,
  ): Promise<ModelServer> {
    return this.chats.call(readServerModels, { isAdmin: caller.role === 'admin', query });
  }

  @Get('tasks')
  @ApiRoute({
    id: 'models_tasks',
    summary: 'Which model answers which kind of task',
    access: 'user',
    answers: [{ status: 200, description: 'As it is now, with fallbacks', schema: taskModels }],
    errors: [...CALL_ERRORS],
  })
  tasks(): Promise<TaskModels> {
    return this.chats.call(readTaskModels, {});
  }

  @Post(':model_id/load')
  @ApiRoute({
    id: 'models_load',
    summary: 'Load a model into memory',
    description:
      'On the GPU node it waits its turn like somebody’s request (`accepted`; the GPU’s status shows when): it never takes ' +
      'the card from anybody.',
    access: 'admin',
    answers: [{ status: 200, description: 'What happens now', schema: modelAction }],
    errors: ACTION_ERRORS,
  })
  load(
    @Caller() caller: CurrentUser,
    @Param({ schema: modelParams }) params: ModelParams,
    @Query({ schema: modelActionQuery }) query: ActionQuery,
  ): Promise<ModelAction> {
    return this.chats.call(loadModel, actionOf(caller, params, query));
  }

  @Post(':model_id/unload')
  @ApiRoute({
    id: 'models_unload',
    summary: 'Take a model out of memory, for real',
    description: UNLOAD_DESCRIPTION,
    access: 'admin',
    answers: [{ status: 200, description: 'What happened', schema: modelAction }],
    errors: [...ACTION_ERRORS, 'model.in_use'],
  })
  unload(
    @Caller() caller: CurrentUser,
    @Param({ schema: modelParams }) params: ModelParams,
    @Query({ schema: modelActionQuery }) query: ActionQuery,
  ): Promise<ModelAction> {
    return this.chats.call(unloadModel, actionOf(caller, params, query));
  }

  @Post(':model_id/unload-from-gpu')
  @ApiRoute({
    id: 'models_unload_from_gpu',
    summary: 'The same as `unload`, under its older name',
    description: UNLOAD_DESCRIPTION,
    access: 'admin',
    answers: [{ status: 200, description: 'What happened', schema: modelAction }],
    errors: [...ACTION_ERRORS, 'model.in_use'],
  })
  unloadFromGpu(
    @Caller() caller: CurrentUser,
    @Param({ schema: modelParams }) params: ModelParams,
    @Query({ schema: modelActionQuery }) query: ActionQuery,
  ): Promise<ModelAction> {
    return this.chats.call(unloadModel, actionOf(caller, params, query));
  }

  @Delete(':model_id')
  @ApiRoute({
    id: 'models_delete',
    summary: 'Delete a model',
    description: 'It is unloaded first. One that somebody uses just now stays (`model.in_use`).',
    access: 'admin',
    answers: [{ status: 200, description: 'What happened', schema: modelAction }],
    errors: [...ACTION_ERRORS, 'model.in_use'],
  })
  delete(
    @Caller() caller: CurrentUser,
    @Param({ schema: modelParams }) params: ModelParams,
    @Query({ schema: modelActionQuery }) query: ActionQuery,
  ): Promise<ModelAction> {
    return this.chats.call(deleteModel, actionOf(caller, params, query));
  }
}

function actionOf({ id: userId }: CurrentUser, { model_id: model }: ModelParams, { server }: ActionQuery) {
  return { userId, model, server };
}
