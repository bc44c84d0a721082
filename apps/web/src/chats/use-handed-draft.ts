import { useEffect, useState, type Dispatch, type SetStateAction } from 'react';
import { useComposing } from '../images/composing.ts';
import { composedDraft, EMPTY_DRAFT, type Draft } from './draft.ts';

/**
 * The draft of a composer that has just been opened: with the picture that was handed to it elsewhere, if one was.
 *
 * @param mode what was asked for last in this chat: who has begun with pictures goes on with them
 */
export function useHandedDraft(mode: Draft['mode'] = 'text'): [Draft, Dispatch<SetStateAction<Draft>>] {
  const { handed, hand } = useComposing();
  const state = useState<Draft>(() => {
    const draft = { ...EMPTY_DRAFT, mode };
    return handed === null ? draft : composedDraft(draft, handed);
  });
  // It is for this composer only.
  useEffect(() => hand(null), [hand]);
  return state;
}
