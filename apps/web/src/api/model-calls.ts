import * as api from '@baton/api-client';
import { answerOf } from './answer-of.ts';

/** Model servers, what is installed on them, and comparisons; changes are for administrators. */
export function modelCalls(client: api.Client) {
  const on = (model: string, server: string) => ({ client, path: { model_id: model }, query: { server } });
  return {
    listModels: () => answerOf(api.modelsList({ client })),
    listServers: () => answerOf(api.modelsServers({ client })),
    taskModels: () => answerOf(api.modelsTasks({ client })),
    loadModel: (model: string, server: string) => answerOf(api.modelsLoad(on(model, server))),
    unloadModel: (model: string, server: string) => answerOf(api.modelsUnload(on(model, server))),
    deleteModel: (model: string, server: string) => answerOf(api.modelsDelete(on(model, server))),
    startPull: (body: api.PullModel) => answerOf(api.modelsPull({ client, body })),
    listPulls: () => answerOf(api.modelsPulls({ client })),
    cancelPull: (id: string) => answerOf(api.modelsPullCancel({ client, path: { id } })),
    listExperiments: () => answerOf(api.experimentsList({ client })),
    createExperiment: (body: api.NewExperiment) => answerOf(api.experimentsCreate({ client, body })),
    endExperiment: (id: number) => answerOf(api.experimentsEnd({ client, path: { id } })),
  };
}
