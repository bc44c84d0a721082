import { useEffect, useState, type Dispatch, type SetStateAction } from 'react';
import { useComposing } from '../images/composing.ts';
import { composedDraft, EMPTY_DRAFT, type Draft } from './draft.ts';

/** The draft of a composer that has just been opened: with the picture that was handed to it elsewhere, if one was. */
export function useHandedDraft(): [Draft, Dispatch<SetStateAction<Draft>>] {
  const { handed, hand } = useComposing();
  const state = useState<Draft>(() => (handed === null ? EMPTY_DRAFT : composedDraft(EMPTY_DRAFT, handed)));
  // It is for this composer only.
  useEffect(() => hand(null), [hand]);
  return state;
}
