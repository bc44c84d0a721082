import type { ModelList } from '@baton/contracts';

type Listed = ModelList['models'][number];

/** The names of models that answer in words; one that only makes embeddings does not. A server may tell no abilities. */
export function answeringModels(
  models: readonly Pick<Listed, 'model' | 'capabilities'>[],
): readonly string[] {
  return models
    .filter(({ capabilities }) => !capabilities.includes('embedding') || capabilities.includes('completion'))
    .map(({ model }) => model);
}

/** Whether a model can do something; null while that is not known. */
export function canDo(models: readonly Listed[], model: string | null, ability: string): boolean | null {
  const known = models.find((one) => one.model === model);
  return known === undefined || known.capabilities.length === 0 ? null : known.capabilities.includes(ability);
}
