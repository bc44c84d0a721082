import type { Attachment, EndEvent, TimelineEntry, Usage } from '@baton/contracts';

/** How an assistant message ended. */
export interface MessageEnd {
  readonly state: EndEvent['state'];
  readonly error: { readonly code: string; readonly say: string } | null;
  readonly timeline: readonly TimelineEntry[];
  /** Left out for images: their content stays as it is. */
  readonly content?: string;
  readonly usage?: Usage | null;
  readonly attachments?: readonly Attachment[];
}
