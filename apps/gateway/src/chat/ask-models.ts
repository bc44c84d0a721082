import type { AskModels, ModelList, TaskModels } from '@baton/contracts';

/** Each model with the server where it is used first; a server's model that is not installed is left out. */
export function withServers(list: ModelList, { models, tasks, pair }: TaskModels): AskModels {
  return {
    ...list,
    models: list.models.map((view) => {
      const served = models.find(({ model }) => model === view.model);
      return {
        ...view,
        capabilities: [...new Set([...view.capabilities, ...(served?.capabilities ?? [])])],
        server: served?.server ?? null,
        max_concurrent: served?.max_concurrent ?? null,
        available: served?.available ?? true,
      };
    }),
    tasks,
    pair,
  };
}
