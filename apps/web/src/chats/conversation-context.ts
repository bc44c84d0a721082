import type { Chat, Message } from '@baton/contracts';
import type { Composed } from '../images/composing.ts';
import { createContext, useContext } from 'react';

/** What every message of an open chat may need of it. */
export interface Conversation {
  readonly chat: Chat;
  /** An answer is being written: nothing can be asked in this chat until it has ended. */
  readonly isBusy: boolean;
  /** Keeps the place on screen when something else is about to be shown below it. */
  readonly hold: () => void;
  /** Runs after each change of what is shown, for a list that keeps its end in sight. */
  readonly onGrow: () => void;
  /** Sends a message of these words. */
  readonly say: (content: string) => void;
  /** Asks for a picture again. */
  readonly drawAgain: (message: Message) => void;
  /** Takes a picture into the composer. */
  readonly compose: (composed: Composed) => void;
}

export const ConversationContext = createContext<Conversation | null>(null);

export function useConversation(): Conversation {
  const conversation = useContext(ConversationContext);
  if (conversation === null) throw new Error('There is no conversation above this component.');
  return conversation;
}
