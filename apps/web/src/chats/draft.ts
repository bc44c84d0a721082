import type { ImageSettings } from '../images/image-sizes.ts';

/** What stands in the composer and has not been sent. */
export interface Draft {
  readonly mode: 'text' | 'image';
  readonly text: string;
  readonly image: ImageSettings;
}

export const EMPTY_DRAFT: Draft = { mode: 'text', text: '', image: { size: 'square', seed: null } };
