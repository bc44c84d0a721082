import type { ServerView } from '../places/answer-place.ts';
import type { Profile } from '../places/instances.ts';
import { isUsable } from '../places/preference.ts';
import type { ModelSettings } from '../tokens.ts';
import { isCloudModel, modelKey } from './model-name.ts';
import type { Specialist } from './tasks.ts';

/** What each server is configured for, and whether it can do that now. The GPU nodes' come last: elsewhere costs no hand-over. */
export function specialistsOf(views: readonly ServerView[], settings: ModelSettings): Specialist[] {
  const { instances, mainProfiles } = settings;
  const wanted = [
    ...instances.map(({ server, profiles }) => ({ server, profiles })),
    { server: 'main', profiles: mainProfiles },
  ];
  return wanted.flatMap(({ server, profiles }) => {
    const view = views.find(({ id }) => id === server);
    return view === undefined ? [] : profiles.flatMap((profile) => specialistOf(profile, view) ?? []);
  });
}

function specialistOf({ model, capabilities }: Profile, view: ServerView): Specialist | null {
  const installed = view.models.filter((known) => !isCloudModel(known.model));
  const own =
    model === null
      ? installed.find(
          (known) => known.capabilities.length === 0 || known.capabilities.includes('completion'),
        )
      : installed.find((known) => modelKey(known.model) === modelKey(model));
  const name = own?.model ?? model;
  if (name === null) return null;
  const hasIt = own !== undefined || !view.isListCertain;
  return {
    model: name,
    server: view.id,
    capabilities,
    maxConcurrent: view.max_concurrent,
    isAvailable: hasIt && isUsable(view),
  };
}
