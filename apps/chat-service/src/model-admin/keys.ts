/** Redis keys of downloads. */
export const pullKeys = {
  /** Hash: id of a download to its JSON (`storedPull`). */
  all: 'chat:pulls',
  /** Hash: server and model to the id of the download that is under way. */
  underWay: 'chat:pulls:under-way',
  /** String with an expiry: the process that carries the download out. */
  runner: (pullId: string): string => `chat:pull:${pullId}:runner`,
  /** String with an expiry: somebody wants it to end. */
  cancel: (pullId: string): string => `chat:pull:${pullId}:cancel`,
} as const;
