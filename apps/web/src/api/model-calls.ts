import {
  experiment,
  modelAction,
  pull,
  serverList,
  taskModels,
  type Experiment,
  type ModelAction,
} from '@baton/contracts';
import { z } from 'zod';
import type { Calls } from './calls.ts';

export interface NewExperiment {
  readonly name: string;
  readonly model: string;
  readonly variant: string;
  readonly share: number;
}

/** Model servers and what is installed on them; changes are for administrators. */
export function modelCalls({ json }: Calls) {
  const act = (
    method: 'POST' | 'DELETE',
    model: string,
    what: string,
    server: string,
  ): Promise<ModelAction> =>
    json(
      modelAction,
      method,
      `/api/models/${encodeURIComponent(model)}${what}?server=${encodeURIComponent(server)}`,
    );
  return {
    listServers: () => json(serverList, 'GET', '/api/models/servers'),
    taskModels: () => json(taskModels, 'GET', '/api/models/tasks'),
    loadModel: (model: string, server: string) => act('POST', model, '/load', server),
    unloadModel: (model: string, server: string) => act('POST', model, '/unload', server),
    deleteModel: (model: string, server: string) => act('DELETE', model, '', server),
    startPull: (model: string, server: string) => json(pull, 'POST', '/api/models/pull', { model, server }),
    listPulls: () => json(z.object({ pulls: z.array(pull) }), 'GET', '/api/models/pulls'),
    cancelPull: (id: string) => json(pull, 'POST', `/api/models/pulls/${id}/cancel`),
    listExperiments: () => json(z.object({ experiments: z.array(experiment) }), 'GET', '/api/experiments'),
    createExperiment: (body: NewExperiment): Promise<Experiment> =>
      json(experiment, 'POST', '/api/experiments', body),
    endExperiment: (id: number): Promise<Experiment> =>
      json(experiment, 'POST', `/api/experiments/${id}/end`),
  };
}
