import type { Message } from '@baton/contracts';

export interface VersionPlace {
  /** From 1. */
  readonly number: number;
  readonly count: number;
  readonly previousId: number | null;
  readonly nextId: number | null;
}

/** Where a message stands among its versions; null when it is the only one. */
export function versionPlace({ id, siblings }: Pick<Message, 'id' | 'siblings'>): VersionPlace | null {
  const index = siblings.indexOf(id);
  if (siblings.length < 2 || index < 0) return null;
  return {
    number: index + 1,
    count: siblings.length,
    previousId: siblings[index - 1] ?? null,
    nextId: siblings[index + 1] ?? null,
  };
}
