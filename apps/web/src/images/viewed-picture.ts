/** A picture in the viewer, with what is known before its details are there. */
export interface ViewedPicture {
  readonly imageId: number;
  /** The message that shows it; null for one that was brought along. */
  readonly messageId: number | null;
  readonly chatId: number | null;
  readonly favourite: boolean | null;
}

/** Where the keys lead: the pictures are a row, not a ring, so that its ends can be noticed. */
export function neighbour(index: number, by: -1 | 1, count: number): number | null {
  const next = index + by;
  return next < 0 || next >= count ? null : next;
}
