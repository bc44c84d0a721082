import type { TaskType, ThinkSetting } from '@baton/contracts';
import type { Composed } from '../images/composing.ts';
import {
  PLAIN_WISH,
  wishLike,
  withReference,
  withoutReference,
  type ImageWish,
} from '../images/image-wish.ts';

/** A picture that goes with a message: taken in by the gateway, on its way there, or refused by it. */
export interface Attached {
  /** Of this page only; the gateway's id comes with the upload. */
  readonly key: string;
  readonly file: File;
  readonly imageId: number | null;
}

/** What stands in the composer and has not been sent. */
export interface Draft {
  readonly mode: 'text' | 'image';
  readonly text: string;
  readonly image: ImageWish;
  readonly pictures: readonly Attached[];
  readonly webSearch: boolean;
  /** Null: as the chat has it. */
  readonly think: ThinkSetting | null;
  /** Baton chooses the model for this kind of work. */
  readonly taskType: TaskType | null;
  readonly engine: 'auto' | 'local';
}

export const EMPTY_DRAFT: Draft = {
  mode: 'text',
  text: '',
  image: PLAIN_WISH,
  pictures: [],
  webSearch: false,
  think: null,
  taskType: null,
  engine: 'auto',
};

/** After sending: the words and the pictures are gone, what was chosen stays. */
export function sentDraft(draft: Draft): Draft {
  return { ...draft, text: '', pictures: [], image: withoutReference(draft.image) };
}

/** The draft with what a picture brings; words that stand there stay when it is only a reference. */
export function composedDraft(draft: Draft, composed: Composed): Draft {
  if (composed.kind === 'again') {
    return { ...draft, mode: 'image', text: composed.image.prompt, image: wishLike(composed.image) };
  }
  const reference = { imageId: composed.imageId, file: null };
  return { ...draft, mode: 'image', image: withReference(draft.image, reference) };
}

export function isUploading({ pictures }: Draft): boolean {
  return pictures.some(({ imageId }) => imageId === null);
}
