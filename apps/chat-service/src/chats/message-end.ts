import type { Attachment, EndEvent, MessageDetails, TimelineEntry, Usage } from '@baton/contracts';

/** How an assistant message ended. */
export interface MessageEnd {
  readonly state: EndEvent['state'];
  readonly error: { readonly code: string; readonly say: string } | null;
  readonly timeline: readonly TimelineEntry[];
  /** Left out for images: their content stays as it is. */
  readonly content?: string;
  readonly thinking?: string | null;
  /** All that is told about the answer, with what was known before it began. */
  readonly details?: MessageDetails | null;
  /** Who answered, where that is another than the one that was asked. */
  readonly model?: string;
  /** From the engine taking the question to its last token. */
  readonly answerMs?: number | null;
  readonly usage?: Usage | null;
  readonly attachments?: readonly Attachment[];
}
